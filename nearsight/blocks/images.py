"""Which periodic image of every atom makes its block whole, and which blocks have no end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearsight.blocks.forest import spanning_forest


def whole_blocks(
    labels: NDArray[np.int64], pairs: NDArray[np.int64], shifts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Lattice shifts (n_atoms, 3) that put every block in one piece around its first atom.

    Parameters
    ----------
    labels
        (n_atoms,) block of every atom.
    pairs, shifts
        (n_bonds, 2) and (n_bonds, 3) bonds within blocks, and the lattice shifts to add to their
        second atoms.
    """
    n = len(labels)
    parents, atoms = spanning_forest(labels, pairs), np.arange(n)
    keys = np.concatenate([pairs[:, 0] * n + pairs[:, 1], pairs[:, 1] * n + pairs[:, 0]])
    order = np.argsort(keys)
    offsets = np.zeros((n, 3), dtype=np.int64)
    below = parents != atoms
    bond = order[np.searchsorted(keys, parents[below] * n + atoms[below], sorter=order)]
    offsets[below] = np.concatenate([shifts, -shifts])[bond]
    while (parents[parents] != parents).any():
        offsets += offsets[parents]
        parents = parents[parents]
    return offsets


def endless_directions(
    labels: NDArray[np.int64],
    pairs: NDArray[np.int64],
    shifts: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> dict[int, NDArray[np.int64]]:
    """Blocks that run through the cell without end, with lattice vectors along which they do.

    Parameters
    ----------
    labels, pairs, shifts
        As in `whole_blocks`.
    offsets
        (n_atoms, 3) what `whole_blocks` found.

    Returns
    -------
    dict
        Block to the distinct lattice vectors (n, 3), of rank 1 in a rod, 2 in a layer.
    """
    gaps = offsets[pairs[:, 0]] + shifts - offsets[pairs[:, 1]]
    open_ = gaps.any(axis=1)
    owners, gaps = labels[pairs[open_, 0]], gaps[open_]
    return {int(block): np.unique(gaps[owners == block], axis=0) for block in np.unique(owners)}
