"""Rattled structures: the first thing a potential can learn from, before it can walk."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from scipy.linalg import expm


def rattle(
    atoms: Atoms, displacement: float, strain: float, volumes: tuple[float, float], seed: int
) -> Atoms:
    """Displace atoms and deform the cell at random.

    Parameters
    ----------
    atoms
        A periodic structure.
    displacement
        Standard deviation of every Cartesian displacement, Å.
    strain
        Standard deviation of every strain component, before the volume is set.
    volumes
        Range of the volume, drawn uniformly, relative to that of `atoms`.
    seed
        Of everything that is drawn.
    """
    rng = np.random.default_rng(seed)
    shear = rng.normal(scale=strain, size=(3, 3))
    shear = (shear + shear.T) / 2
    shear -= np.trace(shear) / 3 * np.eye(3)
    rattled = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    rattled.set_cell(
        rattled.cell.array @ expm(shear) * rng.uniform(*volumes) ** (1 / 3), scale_atoms=True
    )
    rattled.positions += rng.normal(scale=displacement, size=(len(atoms), 3))
    return rattled
