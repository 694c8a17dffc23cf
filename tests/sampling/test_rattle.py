"""Rattled structures."""

import numpy as np
import pytest
from ase.build import bulk

from nearsight.sampling.rattle import rattle


def test_volume_is_drawn_from_the_range_and_the_seed_decides():
    atoms = bulk("Cu", cubic=True).repeat(2)
    ratios = [
        rattle(atoms, 0.05, 0.02, (0.9, 1.1), seed).get_volume() / atoms.get_volume()
        for seed in range(40)
    ]
    assert min(ratios) >= 0.9
    assert max(ratios) <= 1.1
    assert np.ptp(ratios) > 0.15
    first, again = (rattle(atoms, 0.05, 0.02, (0.9, 1.1), 7) for _ in range(2))
    np.testing.assert_array_equal(first.positions, again.positions)


def test_displacements_have_the_width_that_was_asked_for():
    atoms = bulk("Cu", cubic=True).repeat(6)
    rattled = rattle(atoms, 0.1, 0.0, (1.0, 1.0), seed=3)
    assert np.std(rattled.positions - atoms.positions) == pytest.approx(0.1, rel=0.05)
    np.testing.assert_allclose(rattled.cell.array, atoms.cell.array, atol=1e-12)


def test_the_start_is_left_alone():
    atoms = bulk("Cu", cubic=True)
    before = atoms.copy()
    rattle(atoms, 0.1, 0.1, (0.8, 1.2), seed=0)
    np.testing.assert_array_equal(atoms.positions, before.positions)
    np.testing.assert_array_equal(atoms.cell.array, before.cell.array)
