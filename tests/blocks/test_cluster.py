"""Clusters cut out of UiO-66: composition, geometry, caps, hot frames, small cells."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.geometry import find_mic

from nearsight.blocks import Blueprint, UnsoundCluster, Within, cut, fingerprint, partition
from nearsight.blocks.cluster import cap_positions
from nearsight.systems import System, build
from nearsight.systems.uio66 import pristine


@pytest.fixture(scope="module")
def parent():
    atoms = pristine()
    return atoms, partition(atoms)


@pytest.fixture(scope="module")
def defective():
    atoms = build(System(variant="ld"))
    return atoms, partition(atoms)


def of_kind(blocks, kind):
    return [block for block, name in enumerate(blocks.kinds) if name == kind]


def check_geometry(cluster, atoms, blocks):
    """Masks, places up to lattice vectors, bonds kept, caps on cut bonds and nowhere else."""
    masks = np.array([cluster.core, cluster.mantle, cluster.caps])
    assert (masks.sum(axis=0) == 1).all()
    assert not cluster.atoms.pbc.any()
    real, parents = ~cluster.caps, cluster.parent_indices
    assert (parents[cluster.caps] == -1).all()
    np.testing.assert_array_equal(cluster.atoms.numbers[real], atoms.numbers[parents[real]])
    moves = cluster.atoms.positions[real] - atoms.positions[parents[real]]
    turns = moves @ np.linalg.inv(atoms.cell.array)
    np.testing.assert_allclose(turns, np.rint(turns), atol=1e-9)

    distances = cluster.atoms.get_all_distances()
    for cap in np.flatnonzero(cluster.caps):
        host = int(np.argmin(np.where(np.arange(len(parents)) == cap, np.inf, distances[cap])))
        assert distances[cap, host] == pytest.approx(1.09)
        seams = blocks.seams[(blocks.seams == parents[host]).any(axis=1)]
        other = seams[seams != parents[host]]
        bond = find_mic(atoms.positions[other] - atoms.positions[parents[host]], atoms.cell)[0]
        along = bond / np.linalg.norm(bond, axis=1, keepdims=True)
        cap_vector = cluster.atoms.positions[cap] - cluster.atoms.positions[host]
        assert np.min(np.linalg.norm(along - cap_vector / 1.09, axis=1)) < 1e-9


def test_around_every_pristine_brick(parent):
    atoms, blocks = parent
    for brick in of_kind(blocks, "brick"):
        cluster = cut(atoms, blocks, brick)
        assert cluster.atoms.get_chemical_formula() == "C84H64O32Zr6"
        assert (cluster.core.sum(), cluster.mantle.sum(), cluster.caps.sum()) == (54, 120, 12)
        assert set(cluster.parent_indices[cluster.core]) == set(blocks.members(brick))
        assert len(set(cluster.parent_indices[~cluster.caps])) == 174
        check_geometry(cluster, atoms, blocks)


def test_around_a_linker(parent):
    atoms, blocks = parent
    cluster = cut(atoms, blocks, of_kind(blocks, "linker")[3])
    assert cluster.atoms.get_chemical_formula() == "C30H34O64Zr12"
    check_geometry(cluster, atoms, blocks)


def test_around_bricks_of_a_linker_defect(defective):
    atoms, blocks = defective
    formulas = [
        cut(atoms, blocks, brick).atoms.get_chemical_formula() for brick in of_kind(blocks, "brick")
    ]
    assert sorted(formulas) == ["C78H60O32Zr6"] * 2 + ["C84H64O32Zr6"] * 2


@pytest.mark.parametrize(
    ("kind", "mantle", "formula"),
    [("brick", 0, "C12H16O32Zr6"), ("linker", 0, "C6H6"), ("linker", 2, "C162H122O64Zr12")],
)
def test_depth_of_the_mantle(parent, kind, mantle, formula):
    atoms, blocks = parent
    core = of_kind(blocks, kind)[0]
    cluster = cut(atoms, blocks, core, Blueprint(mantle=mantle))
    check_geometry(cluster, atoms, blocks)
    assert cluster.atoms.get_chemical_formula() == formula


def test_a_core_of_several_blocks(parent):
    atoms, blocks = parent
    brick = of_kind(blocks, "brick")[1]
    linker = int(blocks.neighbours(brick)[0])
    cluster = cut(atoms, blocks, [brick, linker], Blueprint(mantle=0))
    assert cluster.atoms.get_chemical_formula() == "C18H20O32Zr6"
    assert cluster.core.sum() == 64
    two = cut(atoms, blocks, of_kind(blocks, "brick")[:2])
    assert two.core.sum() == 108
    check_geometry(two, atoms, blocks)


def test_images_that_do_not_coincide_are_capped():
    """In the primitive cell each of 6 linkers bridges the brick to its own image."""
    cubic = pristine()
    half = cubic.cell.lengths()[0] / 2
    cell = half * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    scaled = np.round(cubic.positions @ np.linalg.inv(cell), 6) % 1
    unique = np.sort(np.unique(np.round(scaled, 4) % 1, axis=0, return_index=True)[1])
    atoms = Atoms(cubic.numbers[unique], scaled_positions=scaled[unique], cell=cell, pbc=True)
    blocks = partition(atoms)
    assert sorted(blocks.kinds) == ["brick"] + ["linker"] * 6
    cluster = cut(atoms, blocks, blocks.kinds.index("brick"))
    assert cluster.atoms.get_chemical_formula() == "C84H64O32Zr6"
    check_geometry(cluster, atoms, blocks)


@pytest.mark.parametrize("seed", range(3))
def test_hot_frames_use_the_bonds_of_the_start(defective, seed):
    start, blocks = defective
    rng = np.random.default_rng(seed)
    hot = start.copy()
    hot.positions += rng.normal(scale=0.1, size=hot.positions.shape)
    hot.set_cell(hot.cell.array + rng.normal(scale=0.2, size=(3, 3)), scale_atoms=True)
    hot.positions += rng.integers(-2, 3, hot.positions.shape) @ hot.cell.array
    for brick in of_kind(blocks, "brick"):
        cluster = cut(hot, blocks, brick)
        still = cut(start, blocks, brick)
        assert cluster.atoms.get_chemical_formula() == still.atoms.get_chemical_formula()
        check_geometry(cluster, hot, blocks)


def test_orientation_is_kept_and_wrapping_does_not_matter(parent):
    atoms, blocks = parent
    moved = atoms.copy()
    moved.positions += [3.0, -7.0, 11.0]
    moved.wrap()
    before, after = cut(atoms, blocks, 0).atoms, cut(moved, blocks, 0).atoms
    np.testing.assert_allclose(
        after.positions - after.positions[0], before.positions - before.positions[0], atol=1e-9
    )


def test_the_large_cell_gives_the_same_cluster(parent):
    atoms, blocks = parent
    large = atoms.repeat((1, 2, 2))
    assert fingerprint(cut(large, partition(large), 0)) == fingerprint(cut(atoms, blocks, 0))


def test_a_guest_in_the_core_is_taken_in_its_nearest_image(parent):
    atoms = parent[0].copy()
    water = molecule("H2O")
    water.positions += 0.25 * atoms.cell.lengths() + atoms.cell.array[0]
    atoms += water
    blocks = partition(atoms)
    cluster = cut(atoms, blocks, [0, blocks.kinds.index("guest")])
    assert cluster.atoms.get_chemical_formula() == "C84H66O33Zr6"
    guest = np.isin(cluster.parent_indices, np.arange(len(atoms) - 3, len(atoms)))
    brick = cluster.core & ~guest
    near = cluster.atoms.positions[guest].mean(axis=0) - cluster.atoms.positions[brick].mean(axis=0)
    assert np.linalg.norm(near) < 0.25 * 20.75 * np.sqrt(3) + 1


def test_the_default_blueprint_reads_as_ever():
    """Keys of existing lakes stand on this."""
    assert Blueprint().model_dump(mode="json") == {"mantle": 1, "cap": "H"}
    assert Blueprint.model_validate({"mantle": {"radius": 4.0}}).mantle == Within(radius=4.0)


@pytest.mark.parametrize("radius", [1.6, 5.0, 9.0])
def test_a_mantle_by_distance_holds_all_blocks_near_the_core(parent, radius):
    atoms, blocks = parent
    core = of_kind(blocks, "linker")[0]
    cluster = cut(atoms, blocks, core, Blueprint(mantle=Within(radius=radius)))
    check_geometry(cluster, atoms, blocks)
    inside = cluster.atoms.positions[cluster.core]
    large = atoms.repeat(3)
    far = np.full(len(large), np.inf)
    for centre in inside + atoms.cell.array.sum(axis=0):
        far = np.minimum(far, np.linalg.norm(large.positions - centre, axis=1))
    kept = cluster.atoms.positions[~cluster.caps] + atoms.cell.array.sum(axis=0)
    near = large.positions[far < radius - 1e-6]
    assert len(near) > 10
    assert np.linalg.norm(kept[None] - near[:, None], axis=2).min(axis=1).max() < 1e-6


def test_a_mantle_by_distance_holds_guests(parent):
    atoms = parent[0].copy()
    water = molecule("H2O")
    water.positions += 0.25 * atoms.cell.lengths()
    atoms += water
    blocks = partition(atoms)
    shelled = cut(atoms, blocks, 0)
    near = cut(atoms, blocks, 0, Blueprint(mantle=Within(radius=9.0)))
    assert not np.isin(shelled.parent_indices, np.arange(456, 459)).any()
    assert np.isin(near.parent_indices, np.arange(456, 459)).sum() >= 3


def test_a_frame_changed_in_place_is_seen(parent):
    atoms, blocks = parent
    frame = atoms.copy()
    before = cut(frame, blocks, 0)
    frame.rattle(0.02, seed=3)
    assert fingerprint(cut(frame, blocks, 0)) != fingerprint(before)


@pytest.mark.parametrize(("element", "length"), [(6, 1.09), (7, 1.01), (15, 1.42), (16, 1.34)])
def test_caps_stand_at_the_length_of_their_bond(element, length):
    cap = cap_positions(np.zeros((1, 3)), np.array([[0, 0, 1.8]]), np.array([element]))
    np.testing.assert_allclose(cap, [[0, 0, length]])


def test_a_missing_proton_is_refused(parent):
    atoms, blocks = parent
    brick = blocks.members(0)
    proton = brick[atoms.numbers[brick] == 1]
    without_one = atoms[np.delete(np.arange(len(atoms)), proton[0])]
    with pytest.raises(UnsoundCluster, match="odd number of electrons"):
        cut(without_one, partition(without_one), 0)
    without_two = atoms[np.delete(np.arange(len(atoms)), proton[:2])]
    with pytest.raises(UnsoundCluster, match="formal charge of -2"):
        cut(without_two, partition(without_two), 0)


def test_a_frame_that_fell_apart_is_refused(parent):
    atoms, blocks = parent
    torn = atoms.copy()
    torn.positions[blocks.members(0)[0]] += 2.5
    with pytest.raises(UnsoundCluster, match="no longer the structure"):
        cut(torn, blocks, 0)
    torn.positions[-1] = np.nan
    with pytest.raises(UnsoundCluster, match="finite"):
        cut(torn, blocks, 0)


@pytest.mark.parametrize("core", [28, -1, []])
def test_cores_that_name_no_block(parent, core):
    with pytest.raises(ValueError, match="must name blocks"):
        cut(*parent, core)


def test_blocks_of_another_system(parent, defective):
    with pytest.raises(ValueError, match="456 atoms"):
        cut(defective[0], parent[1], 0)
