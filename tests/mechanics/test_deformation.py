"""Frameworks deformed by hand, by angles that are known."""

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from scipy.spatial.transform import Rotation

from nearsight.blocks import Blocks
from nearsight.mechanics.deformation import Bodies, Deformation, bodies_of, deformation
from nearsight.systems import System, build

RING_TO_SEAM = 1.40 + 1.495
"""Å from the centre of a linker's ring to the carbon across the seam."""


@pytest.fixture(scope="module")
def start() -> Atoms:
    return build(System(variant="pr"))


@pytest.fixture(scope="module")
def bodies(start):
    return bodies_of(start)


@pytest.fixture(scope="module")
def crumpled(start, bodies) -> Atoms:
    """Bricks turned, linkers bent, cell sheared, atoms rattled."""
    rng = np.random.default_rng(0)
    atoms = strained(start, rng.normal(0, 0.03, (3, 3)))
    for brick in of_kind(bodies, "brick"):
        turn(atoms, bodies, brick, Rotation.from_rotvec(rng.normal(0, 0.1, 3)))
    for linker in of_kind(bodies, "linker"):
        atoms.positions[bodies.blocks.members(linker)] += rng.normal(0, 0.3, 3)
    atoms.rattle(0.02, seed=1)
    return atoms


def of_kind(bodies, kind):
    return [b for b, name in enumerate(bodies.blocks.kinds) if name == kind]


def strained(atoms, strain):
    """With all atoms along."""
    strained = atoms.copy()
    strained.set_cell(atoms.cell.array @ (np.eye(3) + np.asarray(strain)), scale_atoms=True)
    return strained


def rotated(atoms, rotation):
    rotated = atoms.copy()
    rotated.set_cell(rotation.apply(atoms.cell.array), scale_atoms=True)
    return rotated


def turn(atoms, bodies, block, rotation):
    """Turn a block about its middle, in place, whichever images its atoms lie in."""
    members = bodies.blocks.members(block)
    offsets = bodies.offsets[members] @ atoms.cell.array
    whole = atoms.positions[members] + offsets
    middle = whole.mean(axis=0)
    atoms.positions[members] = rotation.apply(whole - middle) + middle - offsets


def same(one: Deformation, other: Deformation):
    for name in ("lengths", "angles", "anisotropy", "shear", "rotations", "bends"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=1e-4)
    assert (one.space_group, one.operations) == (other.space_group, other.operations)


def test_a_framework_held_against_itself(start, bodies):
    told = deformation(start, start, bodies)
    np.testing.assert_allclose(told.lengths, 20.87)
    np.testing.assert_allclose(told.angles, 90.0)
    assert told.anisotropy == told.shear == 0.0
    assert told.rotations.shape == (4,)
    assert told.bends.shape == (24,)
    np.testing.assert_allclose(told.rotations, 0.0, atol=1e-4)
    np.testing.assert_allclose(told.bends, 0.0, atol=1e-4)


def test_pressing_from_all_sides_only_makes_it_smaller(start, bodies):
    told = deformation(start, strained(start, -0.04 * np.eye(3)), bodies)
    np.testing.assert_allclose(told.lengths, 0.96 * 20.87)
    assert told.anisotropy == pytest.approx(0.0, abs=1e-9)
    assert told.shear == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(told.rotations, 0.0, atol=1e-4)
    np.testing.assert_allclose(told.bends, 0.0, atol=1e-4)
    assert told.operations == deformation(start, start, bodies).operations


def test_pressing_along_one_axis(start, bodies):
    told = deformation(start, strained(start, np.diag([0.0, 0.0, -0.1])), bodies)
    assert told.anisotropy == pytest.approx(0.1 / np.cbrt(0.9))
    assert told.shear == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(told.rotations, 0.0, atol=1e-4)


@pytest.mark.parametrize("angle", [0.5, 8.0, -8.0])
@pytest.mark.parametrize(("moved", "along"), [(0, 1), (2, 0), (1, 2)])
def test_a_cell_sheared_by_a_known_angle(start, bodies, angle, moved, along):
    cell = start.cell.array.copy()
    cell[moved, along] = cell[moved, moved] * np.tan(np.radians(angle))
    sheared = start.copy()
    sheared.set_cell(cell, scale_atoms=True)
    told = deformation(start, sheared, bodies)
    assert told.shear == pytest.approx(abs(angle))
    slide = np.tan(np.radians(abs(angle)))
    assert told.anisotropy == pytest.approx(slide, rel=0.01)  # of stretches 1 +- slide / 2
    np.testing.assert_allclose(told.angles, deformation(sheared, sheared, None).angles)


def test_bricks_that_keep_their_orientation_while_the_cell_turns(start, bodies):
    """A simple shear is half a rotation."""
    cell = start.cell.array.copy()
    cell[0, 1] = cell[0, 0] * 0.1
    sheared = start.copy()
    sheared.set_cell(cell, scale_atoms=True)
    for brick in of_kind(bodies, "brick"):
        members = bodies.blocks.members(brick)
        before, after = (a.positions[members] for a in (start, sheared))
        before = before + bodies.offsets[members] @ start.cell.array
        offsets = bodies.offsets[members] @ cell
        middle = (after + offsets).mean(axis=0)
        sheared.positions[members] = before - before.mean(axis=0) + middle - offsets
    told = deformation(start, sheared, bodies)
    np.testing.assert_allclose(told.rotations, np.degrees(np.arctan(0.05)), atol=1e-4)


@pytest.mark.parametrize("angle", [0.2, 15.0, 170.0])
@pytest.mark.parametrize("axis", [(0, 0, 1), (1, -2, 3)])
def test_a_brick_turned_by_a_known_angle(start, bodies, angle, axis):
    turned = start.copy()
    brick = of_kind(bodies, "brick")[2]
    rotation = Rotation.from_rotvec(np.radians(angle) * np.array(axis) / np.linalg.norm(axis))
    turn(turned, bodies, brick, rotation)
    told = deformation(start, turned, bodies)
    np.testing.assert_allclose(told.rotations, [0.0, 0.0, angle, 0.0], atol=1e-4)
    assert told.anisotropy == told.shear == 0.0


def test_turning_the_crystal_as_a_whole_turns_no_brick(start, bodies):
    whole = Rotation.from_rotvec([0.3, -0.8, 0.5])
    told = deformation(start, rotated(start, whole), bodies)
    np.testing.assert_allclose(told.rotations, 0.0, atol=1e-4)
    np.testing.assert_allclose(told.bends, 0.0, atol=1e-4)
    assert told.anisotropy == pytest.approx(0.0, abs=1e-9)
    assert told.shear == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("angle", [1.0, 12.0, 40.0])
def test_a_linker_bent_by_a_known_angle(start, bodies, angle):
    bent = start.copy()
    number = 5
    linker = of_kind(bodies, "linker")[number]
    members = bodies.blocks.members(linker)
    whole = start.positions[members] + bodies.offsets[members] @ start.cell.array
    normal = np.linalg.svd(whole - whole.mean(axis=0))[2][2]
    bent.positions[members] += RING_TO_SEAM * np.tan(np.radians(angle / 2)) * normal
    told = deformation(start, bent, bodies)
    np.testing.assert_allclose(told.bends, np.where(np.arange(24) == number, angle, 0), atol=1e-4)
    np.testing.assert_allclose(told.rotations, 0.0, atol=1e-4)
    back = deformation(bent, start, bodies)
    np.testing.assert_allclose(back.bends, -told.bends, atol=1e-4)


def test_a_linker_held_at_one_end_is_not_bent(start, bodies, crumpled):
    linker = of_kind(bodies, "linker")[5]
    blocks = bodies.blocks
    first = np.flatnonzero((blocks.labels[blocks.seams] == linker).any(axis=1))[0]
    loose = bodies._replace(blocks=replace(blocks, seams=np.delete(blocks.seams, first, axis=0)))
    wanted = deformation(start, crumpled, bodies).bends
    assert abs(wanted[5]) > 0.1
    wanted[5] = 0.0
    np.testing.assert_allclose(deformation(start, crumpled, loose).bends, wanted)


def test_a_missing_linker_is_not_counted():
    defective = build(System(variant="ld"))
    told = deformation(defective, defective, bodies_of(defective))
    assert told.rotations.shape == (4,)
    np.testing.assert_allclose(told.bends, np.zeros(23), atol=1e-4)


def test_a_linker_of_three_arms_and_bricks_of_one_atom():
    """A ring is lifted above the atoms that hold it; one atom has no orientation."""
    rays = np.array([[np.cos(t), np.sin(t), 0.0] for t in 2 * np.pi * np.arange(3) / 3])
    cell = [20.0, 20.0, 20.0]
    flat = Atoms("C3Zn3", np.concatenate([1.4 * rays, 3.0 * rays]), cell=cell, pbc=True)
    seams = np.array([[0, 3], [1, 4], [5, 2]])
    blocks = Blocks(np.array([0, 0, 0, 1, 2, 3]), ("linker", *["brick"] * 3), seams, seams)
    lifted = flat.copy()
    lifted.positions[:3, 2] += 1.0
    told = deformation(flat, lifted, Bodies(blocks, np.zeros((6, 3), dtype=np.int64)))
    angle = np.degrees(np.arccos((9.0 * np.cos(2 * np.pi / 3) + 1.0) / 10.0))
    np.testing.assert_allclose(told.bends, [120.0 - angle])
    np.testing.assert_array_equal(told.rotations, np.zeros(3))


def test_nothing_depends_on_where_and_how_the_crystal_lies(start, bodies, crumpled):
    wanted = deformation(start, crumpled, bodies)
    assert wanted.rotations.min() > 1.0
    assert wanted.bends.max() > 3.0
    assert wanted.shear > 0.5
    shifted = crumpled.copy()
    shifted.positions += [3.0, -40.0, 11.0]
    same(deformation(start, shifted, bodies), wanted)
    whole = Rotation.from_rotvec([1.0, 0.4, -2.0])
    same(deformation(start, rotated(crumpled, whole), bodies), wanted)
    same(deformation(rotated(start, whole), crumpled, bodies), wanted)


def test_nothing_depends_on_the_images_that_atoms_lie_in(start, bodies, crumpled):
    images = np.random.default_rng(2).integers(-2, 3, (len(start), 3))
    moved = [a.copy() for a in (start, crumpled)]
    for atoms in moved:
        atoms.positions += images @ atoms.cell.array
    same(deformation(*moved, bodies_of(moved[0])), deformation(start, crumpled, bodies))


def test_nothing_depends_on_the_order_of_atoms(start, bodies, crumpled):
    order = np.random.default_rng(3).permutation(len(start))
    told = deformation(start[order], crumpled[order], bodies_of(start[order]))
    wanted = deformation(start, crumpled, bodies)
    np.testing.assert_allclose(np.sort(told.rotations), np.sort(wanted.rotations), atol=1e-4)
    np.testing.assert_allclose(np.sort(told.bends), np.sort(wanted.bends), atol=1e-4)
    assert told.shear == pytest.approx(wanted.shear)


def test_symmetry_of_uio66_and_how_it_is_lost(start, bodies, crumpled):
    """Hydroxyls on every other face of a brick: its mirrors stay, its inversion goes."""

    def symmetry(atoms):
        told = deformation(start, atoms, bodies)
        return told.space_group, told.operations

    assert symmetry(start) == ("F-43m (216)", 96)
    warm = start.copy()
    warm.rattle(0.03, seed=0)
    assert symmetry(warm) == ("F-43m (216)", 96)
    swinging = start.copy()
    swinging.rattle(0.1, seed=2)  # what averages of a few ps leave
    assert symmetry(swinging) == ("F-43m (216)", 96)
    assert symmetry(strained(start, np.diag([0.0, 0.0, -0.1]))) == ("I-4m2 (119)", 32)
    turned = start.copy()
    for brick in of_kind(bodies, "brick"):
        turn(turned, bodies, brick, Rotation.from_rotvec([0.0, 0.0, 0.3]))
    assert 1 < symmetry(turned)[1] < 96
    assert symmetry(crumpled) == ("P1 (1)", 1)


def test_symmetry_of_a_supercell_counts_its_translations(start):
    pair = start.repeat((2, 1, 1))
    assert deformation(pair, pair, None).operations == 64
    assert deformation(start.repeat(2), start.repeat(2), None).operations == 8 * 96


def test_a_metal_has_no_bodies():
    copper = bulk("Cu", cubic=True)
    assert bodies_of(copper) is None
    told = deformation(copper, strained(copper, np.diag([0.0, 0.0, 0.15])), None)
    assert told.rotations.shape == told.bends.shape == (0,)
    assert told.space_group == "I4/mmm (139)"
    assert deformation(copper, copper, None).space_group == "Fm-3m (225)"
    assert deformation(copper, copper, None).operations == 192


@pytest.mark.parametrize("raises", [False, True])
def test_atoms_that_average_onto_one_another_leave_no_symmetry(monkeypatch, raises):
    monkeypatch.setattr("spglib.error.OLD_ERROR_HANDLING", not raises)
    rotor = Atoms("H2", [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0]], cell=[3.0, 3.0, 3.0], pbc=True)
    told = deformation(rotor, rotor, None)
    assert (told.space_group, told.operations) == ("P1 (1)", 1)
