"""Symmetry of a crystal: which rotations and shifts map it onto itself."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.05
"""Å within which two places are the same."""


def operations(
    cell: NDArray[np.float64], fractions: NDArray[np.float64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Space group of a few sites in a cell with short vectors.

    Parameters
    ----------
    cell
        (3, 3) in Å, rows are cell vectors.
    fractions
        (n_sites, 3) fractional coordinates.
    numbers
        (n_sites,) what sits there; only equals are mapped onto each other.

    Returns
    -------
    rotations, shifts
        (n, 3, 3) and (n, 3): the site at f goes to ``rotation @ f + shift``.
    """
    metric = cell @ cell.T
    candidates = np.array(list(product((-1, 0, 1), repeat=9))).reshape(-1, 3, 3)
    turned = candidates.transpose(0, 2, 1) @ metric @ candidates
    isometric = np.abs(turned - metric).max(axis=(1, 2)) < TOLERANCE * np.sqrt(metric.max())
    rotations: list[NDArray[np.int64]] = []
    shifts: list[NDArray[np.float64]] = []
    for rotation in candidates[isometric]:
        images = fractions @ rotation.T
        ways = (fractions[numbers == numbers[0]] - images[0]) % 1.0
        moved = (images + ways[:, None])[:, :, None] - fractions
        apart = np.linalg.norm((moved - np.rint(moved)) @ cell, axis=-1)
        apart[:, numbers[:, None] != numbers] = np.inf
        good = (apart.min(axis=2) < TOLERANCE).all(axis=1)
        rotations += [rotation] * int(good.sum())
        shifts += list(ways[good])
    return np.array(rotations), np.array(shifts)


def permutations(
    cell: NDArray[np.float64],
    fractions: NDArray[np.float64],
    rotations: NDArray[np.int64],
    shifts: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Where each operation sends each of a few sites, (n_operations, n_sites).

    Parameters
    ----------
    cell, fractions
        (3, 3) in Å, and (n_sites, 3), closed under the operations.
    rotations, shifts
        What `operations` returns.
    """
    images = fractions @ rotations.transpose(0, 2, 1) + shifts[:, None]
    moved = images[:, :, None] - fractions
    apart = np.linalg.norm((moved - np.rint(moved)) @ cell, axis=-1)
    return np.asarray(apart.argmin(axis=2))


def orbits(pairs: NDArray[np.int64], permutations: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number (n_pairs,) of the first pair that a symmetry maps every pair of sites onto.

    Parameters
    ----------
    pairs
        (n_pairs, 2) sites, the lower first, all pairs that there are in ascending order.
    permutations
        (n_operations, n_sites).
    """
    n = permutations.shape[1]
    images = np.sort(permutations[:, pairs], axis=2)
    first = (images[..., 0] * n + images[..., 1]).min(axis=0)
    return np.asarray(np.searchsorted(pairs[:, 0] * n + pairs[:, 1], first))
