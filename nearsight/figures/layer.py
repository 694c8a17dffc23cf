"""Of a structure too large to look through, a layer that can be seen."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

MOST_ATOMS = 4_000
"""Atoms beyond which those in front hide the others."""


def layer(atoms: Atoms) -> tuple[NDArray[np.bool_], float]:
    """Return the layer across the third cell vector, around the middle of the cell, to be drawn.

    Parameters
    ----------
    atoms
        A wrapped periodic structure, or any of at most `MOST_ATOMS` atoms.

    Returns
    -------
    inside
        (n_atoms,) atoms of the layer: about `MOST_ATOMS` of them, or all there are.
    thickness
        Å; infinity where all atoms are drawn.
    """
    if len(atoms) <= MOST_ATOMS:
        return np.ones(len(atoms), dtype=bool), np.inf
    away = np.abs(atoms.get_scaled_positions()[:, 2] - 0.5)
    half = np.partition(away, MOST_ATOMS - 1)[MOST_ATOMS - 1]
    height = atoms.get_volume() / np.linalg.norm(np.cross(atoms.cell[0], atoms.cell[1]))
    return away <= half, float(2.0 * half * height)
