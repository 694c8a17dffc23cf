import numpy as np
import pytest
from ase import Atoms
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection

from nearsight.systems.uio66 import pristine


@pytest.fixture
def framework() -> Atoms:
    atoms = pristine()
    atoms.rattle(0.02, seed=1)
    return atoms


@pytest.fixture
def surprise(framework: Atoms) -> np.ndarray:
    """(n_atoms,) small everywhere, large around atom 200."""
    distances = framework.get_distances(200, range(len(framework)), mic=True)
    return np.random.default_rng(0).normal(5, 1, len(framework)) + 50 * np.exp(-distances)


@pytest.fixture
def artist():
    """Find the collection of a given name on axes; None where there is none."""

    def find(axes: Axes, gid: str) -> PatchCollection | None:
        found = [a for a in axes.collections if a.get_gid() == gid]
        return found[0] if found else None

    return find
