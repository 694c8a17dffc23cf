"""Space groups of lattices whose order is in the tables."""

from itertools import combinations

import numpy as np
import pytest
from ase.build import bulk

from nearsight.systems.symmetry import operations, orbits, permutations
from nearsight.systems.uio66 import pristine


@pytest.mark.parametrize(
    ("atoms", "order"),
    [
        (bulk("Cu", cubic=True), 192),  # Fm-3m
        (bulk("Fe", cubic=True), 96),  # Im-3m
        (bulk("ZnS", "zincblende", 5.4, cubic=True), 96),  # F-43m
        (bulk("Ti"), 24),  # P6_3/mmc
        (bulk("Cu"), 48),
    ],
)
def test_orders(atoms, order):
    rotations, shifts = operations(atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    assert len(rotations) == len(shifts) == order


def test_hydroxides_lower_the_symmetry():
    atoms = pristine()
    metals, inorganic = atoms.numbers == 40, np.arange(456) < 72
    orders = [
        len(operations(atoms.cell.array, atoms.get_scaled_positions()[m], atoms.numbers[m])[0])
        for m in (metals, inorganic)
    ]
    assert orders == [192, 96]


def test_orbits_of_pairs():
    """Four sites of fcc: every pair is a pair of nearest neighbours."""
    atoms = bulk("Cu", cubic=True)
    cell, places = atoms.cell.array, atoms.get_scaled_positions()
    images = permutations(cell, places, *operations(cell, places, atoms.numbers))
    pairs = np.array(list(combinations(range(4), 2)))
    assert orbits(pairs, images).tolist() == [0] * 6
