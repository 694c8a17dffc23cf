"""Frameworks taken apart: what comes out, what it does not depend on, what is refused."""

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.spacegroup import crystal

from nearsight.blocks import (
    Blueprint,
    General,
    UnsoundCluster,
    UnsupportedFramework,
    cut,
    partition,
)
from nearsight.systems.uio66 import pristine


def mof5() -> Atoms:
    """MOF-5 (424 atoms) from its space group: a framework that the rule was not made for."""
    sites = {
        "Zn": [(0.2934, 0.2934, 0.2934)],
        "O": [(0.25, 0.25, 0.25), (0.2805, 0.2195, 0.1340)],
        "C": [(0.25, 0.25, 0.1113), (0.25, 0.25, 0.0538), (0.2828, 0.2172, 0.0269)],
        "H": [(0.3087, 0.1913, 0.0479)],
    }
    symbols = [symbol for symbol, places in sites.items() for _ in places]
    places = [place for group in sites.values() for place in group]
    return crystal(symbols, places, spacegroup=225, cellpar=[25.885] * 3 + [90] * 3)


def rod() -> Atoms:
    """Endless Al-OH chain with benzoates (not neutral; only its connections matter)."""
    chain = Atoms(
        "AlOHOCO",
        positions=[
            [0, 0, 0], [1.85, 0, 0.3], [1.85, 0, 1.27],
            [0, 1.9, 0], [0, 2.6, 1.05], [0, 2.0, 2.15],
        ],
    )  # fmt: skip
    ring = molecule("C6H6")
    ring.rotate(ring.positions[0], "-y")
    ring.rotate(90, "y")
    ring.positions += np.array([0, 4.1, 1.05]) - ring.positions[0]
    unit = chain + ring[np.delete(np.arange(12), 6 + np.argmin(ring.positions[6:, 1]))]
    unit.set_cell([3.7, 15, 15])
    unit.pbc = True
    return unit.repeat((2, 1, 1))


def shape(blocks):
    sizes = np.bincount(blocks.labels)
    return Counter(zip(blocks.kinds, sizes.tolist(), strict=True)), len(blocks.seams)


PRISTINE = (Counter({("brick", 54): 4, ("linker", 10): 24}), 48)


def test_pristine_uio66():
    atoms = pristine()
    blocks = partition(atoms)
    assert shape(blocks) == PRISTINE
    assert (atoms.numbers[blocks.seams] == 6).all()
    assert {tuple(seam) for seam in blocks.seams} <= {tuple(bond) for bond in blocks.bonds}
    for block, kind in enumerate(blocks.kinds):
        formula = atoms[blocks.members(block)].get_chemical_formula()
        assert formula == {"brick": "C12H4O32Zr6", "linker": "C6H4"}[kind]
        assert {blocks.kinds[k] for k in blocks.neighbours(block)} == {"brick", "linker"} - {kind}


def test_labels_are_numbered_by_first_atoms():
    labels = partition(pristine()).labels
    first = np.unique(labels, return_index=True)[1]
    assert labels.dtype == np.int64
    assert (np.diff(first) > 0).all()


def test_the_class_follows_the_protocol():
    assert shape(General().blocks(pristine())) == PRISTINE


@pytest.mark.parametrize("seed", range(3))
def test_partition_does_not_depend_on_how_the_structure_is_written(seed):
    rng = np.random.default_rng(seed)
    atoms = pristine()
    before = partition(atoms)
    moved = atoms.copy()
    moved.rotate(rng.uniform(0, 360), rng.normal(size=3), rotate_cell=True)
    moved.positions += rng.normal(scale=20, size=3)
    moved.wrap()
    order = rng.permutation(len(atoms))
    after = partition(moved[order])
    assert shape(after) == shape(before)
    same = before.labels[order][:, None] == before.labels[order]
    np.testing.assert_array_equal(after.labels[:, None] == after.labels, same)
    back = {tuple(sorted(order[seam])) for seam in after.seams}
    assert back == {tuple(seam) for seam in before.seams}


def test_supercells_hold_as_many_blocks_as_cells():
    blocks = partition(pristine().repeat((2, 1, 1)))
    assert shape(blocks) == (Counter({("brick", 54): 8, ("linker", 10): 48}), 96)


def test_hafnium_and_guests():
    atoms = pristine("Hf")
    water = molecule("H2O")
    water.positions += np.array([0.25, 0.25, 0.25]) * atoms.cell.lengths()
    kinds = Counter(partition(atoms + water).kinds)
    assert kinds == {"brick": 4, "linker": 24, "guest": 1}


def test_mof5_by_the_same_rule():
    atoms = mof5()
    blocks = partition(atoms)
    assert Counter(blocks.kinds) == {"brick": 8, "linker": 24}
    assert len(blocks.seams) == 48
    cluster = cut(atoms, blocks, blocks.kinds.index("brick"))
    assert cluster.atoms.get_chemical_formula() == "C42H30O13Zn4"


def test_a_rod_is_a_block_that_no_cluster_can_hold():
    atoms = rod()
    blocks = partition(atoms)
    assert shape(blocks) == (Counter({("rod", 12): 1, ("linker", 11): 2}), 2)
    rod_block, linker = blocks.kinds.index("rod"), blocks.kinds.index("linker")
    assert cut(atoms, blocks, linker, Blueprint(mantle=0)).atoms.get_chemical_formula() == "C6H6"
    for core in (rod_block, linker):
        with pytest.raises(UnsoundCluster, match="without end"):
            cut(atoms, blocks, core)


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        (Atoms(), "no atoms"),
        (molecule("CH3COOH"), "no metal"),
        (bulk("Cu").repeat(3), "no carboxylates"),
        (bulk("MgO", "rocksalt", a=4.2, cubic=True), "no carboxylates"),
        (Atoms(pristine().numbers, positions=pristine().positions), "not periodic"),
        (Atoms(pristine().numbers, positions=pristine().positions, pbc=True), "cell"),
        (pristine()[pristine().numbers != 1], "hydrogens"),
        (pristine()[pristine().numbers != 40], "no metal"),
        (pristine() + pristine()[[3]], "overlap"),
    ],
)
def test_refusals_say_why(atoms, reason):
    with pytest.raises(UnsupportedFramework, match=reason):
        partition(atoms)


def test_metals_without_carboxylates_are_refused():
    atoms = molecule("CH3OH")
    atoms += Atoms("Zn", positions=atoms.positions[atoms.numbers == 8] + [[0, 0, 2.0]])
    atoms.center(vacuum=5)
    atoms.pbc = True
    with pytest.raises(UnsupportedFramework, match="no single bond"):
        partition(atoms)


def test_formates_alone_are_no_seams():
    atoms = Atoms(
        "CHO2Zn",
        positions=[[0, 0, 0], [-1.1, 0, 0], [0.6, 1.1, 0], [0.6, -1.1, 0], [2.3, -1.8, 0]],
        cell=[12] * 3,
        pbc=True,
    )
    with pytest.raises(UnsupportedFramework, match="could be cut"):
        partition(atoms)
