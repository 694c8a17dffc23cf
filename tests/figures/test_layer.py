import numpy as np
import pytest
from ase.build import bulk

from nearsight.figures import layer
from nearsight.figures.layer import MOST_ATOMS


def test_what_can_be_looked_through_is_drawn_whole():
    inside, thickness = layer(bulk("Cu", cubic=True).repeat(5))
    assert inside.all()
    assert thickness == np.inf


def test_of_more_a_layer_in_the_middle_is_drawn():
    atoms = bulk("Cu", cubic=True).repeat((12, 12, 20))
    atoms.rattle(0.1, seed=1)
    atoms.wrap()
    inside, thickness = layer(atoms)
    assert inside.sum() == MOST_ATOMS
    heights = atoms.positions[inside, 2]
    assert np.ptp(heights) <= thickness
    assert heights.mean() == pytest.approx(atoms.cell[2, 2] / 2, abs=0.2)
    assert thickness == pytest.approx(atoms.cell[2, 2] * MOST_ATOMS / len(atoms), rel=0.1)
