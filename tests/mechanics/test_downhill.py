"""Springs between atoms, as a first guess of how stiff a crystal is."""

import numpy as np
import pytest
from ase.build import molecule

from nearsight.mechanics.downhill import BOND, CELL, FLOOR, Softness, stiffness


@pytest.fixture
def benzene():
    atoms = molecule("C6H6", vacuum=3.0, pbc=True)
    atoms.wrap()
    return atoms


def test_springs_hold_bonds_but_not_the_whole(benzene):
    springs = stiffness(benzene).toarray()
    assert springs == pytest.approx(springs.T, abs=1e-9)
    softest = np.linalg.eigvalsh(springs)[:4]
    assert softest[:3] == pytest.approx([FLOOR] * 3)
    assert softest[3] > 2 * FLOOR
    bond = -springs[:3, 3:6]
    along = benzene.get_distance(0, 1, mic=True, vector=True)
    assert along @ bond @ along / (along @ along) == pytest.approx(1.1 * BOND, rel=0.05)


def test_springs_reach_through_the_walls_of_the_cell(benzene):
    moved = benzene.copy()
    moved.positions += 4.0
    moved.wrap()
    assert stiffness(moved).toarray() == pytest.approx(stiffness(benzene).toarray(), abs=1e-9)


def test_a_softness_undoes_the_gradient_of_springs(benzene):
    step = np.random.default_rng(0).normal(size=3 * len(benzene) + 9)
    atoms, cell = np.split(step, [3 * len(benzene)])
    gradient = np.concatenate([stiffness(benzene) @ atoms, CELL * cell])
    assert Softness(benzene) @ gradient == pytest.approx(step)
