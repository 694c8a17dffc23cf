"""Linkers put into frameworks: what was taken out comes back, what is new is sound."""

import numpy as np
import pytest
from ase.geometry import get_distances

from nearsight.blocks import cut, partition
from nearsight.systems.editing import remove_blocks
from nearsight.systems.grafting import insert_linkers, swap_linkers, vacancies
from nearsight.systems.linkers import named
from nearsight.systems.selection import chance, element, kind
from nearsight.systems.uio66 import pristine


@pytest.fixture(scope="module")
def framework():
    atoms = pristine()
    return atoms, partition(atoms)


def farthest(a, b):
    """Å by which the atom of `a` that lies farthest off `b` does."""
    return get_distances(a.positions, b.positions, cell=b.cell, pbc=True)[1].min(axis=1).max()


def test_a_vacancy_heals(framework):
    atoms, blocks = framework
    linkers = kind("linker")(atoms, blocks)[[0, 5, 20]]
    broken = remove_blocks(atoms, blocks, linkers)
    parts = partition(broken)
    carbons, places = vacancies(broken, parts, named("BDC"))
    assert len(carbons) == 3
    np.testing.assert_allclose(np.linalg.norm(places[:, 1] - places[:, 0], axis=1), 5.79, atol=0.01)
    healed = insert_linkers(broken, parts, named("BDC"))
    assert healed.get_chemical_formula() == atoms.get_chemical_formula()
    assert farthest(healed, atoms) < 0.01


def test_one_vacancy_of_several(framework):
    atoms, blocks = framework
    broken = remove_blocks(atoms, blocks, kind("linker")(atoms, blocks)[:2])
    healed = insert_linkers(broken, partition(broken), named("BDC"), which=1)
    assert len(vacancies(healed, partition(healed), named("BDC"))[0]) == 1


def test_amino_groups_for_hydrogens(framework):
    atoms, blocks = framework
    chosen = (kind("linker") & chance(0.5, seed=1))(atoms, blocks)
    edited = swap_linkers(atoms, blocks, chosen, named("BDC-NH2"), seed=3)
    parts = partition(edited)
    assert (edited.numbers == 7).sum() == len(chosen)
    assert len(edited) == 456 + 2 * len(chosen)
    assert len((kind("linker") & element("N"))(edited, parts)) == len(chosen)
    for block in range(len(parts)):
        cut(edited, parts, block)
    assert swap_linkers(atoms, blocks, chosen, named("BDC-NH2"), seed=3) == edited
    assert swap_linkers(atoms, blocks, chosen, named("BDC-NH2"), seed=4) != edited


def test_amino_groups_take_all_four_places(framework):
    """Two ends and two faces: of 24 linkers some have each."""
    atoms, blocks = framework
    linkers = kind("linker")(atoms, blocks)
    edited = swap_linkers(atoms, blocks, linkers, named("BDC-NH2"))
    nitrogen = np.flatnonzero(edited.numbers == 7)
    middles = np.array([atoms[blocks.members(k)].get_center_of_mass() for k in linkers])
    inside = np.abs(middles - 10.4).max(axis=1) < 7  # linkers that no face of the cell cuts
    ways = edited.positions[nitrogen][inside] - middles[inside]
    assert len(np.unique(ways.round(1), axis=0)) > 4


def test_all_linkers_can_be_swapped_for_the_same(framework):
    atoms, blocks = framework
    edited = swap_linkers(atoms, blocks, kind("linker")(atoms, blocks), named("BDC"))
    assert farthest(edited, atoms) < 0.01


def test_what_does_not_fit_is_refused(framework):
    atoms, blocks = framework
    linkers = kind("linker")(atoms, blocks)[:2]
    with pytest.raises(ValueError, match=r"BPDC does not fit between atom \d+ \(C\) and"):
        swap_linkers(atoms, blocks, linkers, named("BPDC"))
    with pytest.raises(ValueError, match="no vacancy at all: 0 pairs of formates"):
        insert_linkers(atoms, blocks, named("BDC"))
    with pytest.raises(ValueError, match="BDC has 2 carboxylates, 12 hold each linker"):
        swap_linkers(atoms, blocks, 0, named("BDC"))
    with pytest.raises(ValueError, match="choose linkers that as many seams hold"):
        swap_linkers(atoms, blocks, [0, 4], named("BDC"))
