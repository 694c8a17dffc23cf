"""Which periodic image of every atom makes its block whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order


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
    first_atoms = np.unique(labels, return_index=True)[1]
    rows = np.concatenate([pairs[:, 0], np.full(len(first_atoms), n)])
    columns = np.concatenate([pairs[:, 1], first_atoms])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n + 1, n + 1))
    parents = breadth_first_order(graph.tocsr(), n, directed=False)[1][:n].astype(np.int64)

    atoms = np.arange(n)
    parents = np.where((parents < 0) | (parents == n), atoms, parents)
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
