"""Bonds over periodic images, and the structures that are refused."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from nearsight.blocks import UnsupportedFramework, find_bonds
from nearsight.blocks.bonds import bond_shifts
from nearsight.systems.uio66 import pristine


def test_coordination_of_pristine_uio66():
    atoms = pristine()
    pairs, _ = find_bonds(atoms)
    ends = np.vstack([pairs, pairs[:, ::-1]])
    degrees = np.bincount(ends[:, 0])
    assert (degrees[atoms.numbers == 40] == 8).all()
    assert (degrees[atoms.numbers == 6] == 3).all()
    assert (degrees[atoms.numbers == 1] == 1).all()
    carboxylic = np.isin(np.arange(len(atoms)), ends[atoms.numbers[ends[:, 1]] == 6, 0])
    around_zr = ends[atoms.numbers[ends[:, 0]] == 40, 1]
    assert (atoms.numbers[around_zr] == 8).all()
    assert carboxylic[around_zr].sum() == 4 * 24


def test_shifts_reach_the_bonded_image():
    atoms = pristine()
    pairs, shifts = find_bonds(atoms)
    vectors = (
        atoms.positions[pairs[:, 1]] + shifts @ atoms.cell.array - atoms.positions[pairs[:, 0]]
    )
    assert np.linalg.norm(vectors, axis=1).max() < 2.4
    np.testing.assert_array_equal(bond_shifts(atoms, pairs), shifts)


def test_bonds_are_sorted_and_unique():
    pairs, _ = find_bonds(pristine())
    assert (pairs[:, 0] < pairs[:, 1]).all()
    np.testing.assert_array_equal(pairs, np.unique(pairs, axis=0))


@pytest.mark.parametrize("pbc", [False, True])
def test_a_finite_molecule(pbc):
    ring = molecule("C6H6")
    if pbc:
        ring.center(vacuum=4.0)
        ring.pbc = True
    assert len(find_bonds(ring)[0]) == 12


def test_metals_and_hydrogens_bind_sparingly():
    close = Atoms("Zr2OH", positions=[[0, 0, 0], [0, 0, 3.2], [0, 1.4, 1.6], [0, 2.35, 1.6]])
    assert find_bonds(close)[0].tolist() == [[0, 2], [1, 2], [2, 3]]


def test_a_stretched_bond_of_copper_is_one_but_not_to_carbon():
    for element, bonds in (("O", 1), ("N", 1), ("C", 0)):
        pair = Atoms(["Cu", element], positions=[[0, 0, 0], [0, 0, 2.45]])
        assert len(find_bonds(pair)[0]) == bonds


def test_the_carbon_of_a_chelating_carboxylate_is_behind_its_oxygens():
    chelate = Atoms("ZrOOC", positions=[[0, 0, 0], [1.1, 0, 1.95], [-1.1, 0, 1.95], [0, 0, 2.6]])
    assert find_bonds(chelate)[0].tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]


def test_a_ring_that_a_metal_faces_is_bonded_to_it():
    ring = molecule("C6H6")
    sandwich = ring + Atoms("Cr", positions=[ring.get_center_of_mass() + np.array([0, 0, 1.65])])
    assert (find_bonds(sandwich)[0] == 12).sum() == 6


def test_a_hydrogen_bonds_to_its_nearest_only():
    shared = Atoms("OHO", positions=[[0, 0, 0], [0, 0, 1.1], [0, 0, 2.35]])
    assert find_bonds(shared)[0].tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        (Atoms(), "no atoms"),
        (Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.2]], pbc=True), "cell"),
        (Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.2]], cell=[5, 0, 5], pbc=True), "cell"),
        (Atoms("CO", positions=[[0, 0, 0], [0, 0, 0.3]]), "overlap"),
        (Atoms("CO", positions=[[0, 0, 0], [0, 0, np.nan]]), "finite"),
        (Atoms("CO", positions=[[0, 0, 0], [0, 0, 1.2]], cell=[9, 9, 2.4], pbc=True), "repeat"),
    ],
)
def test_refusals_say_why(atoms, reason):
    with pytest.raises(UnsupportedFramework, match=reason):
        find_bonds(atoms)
