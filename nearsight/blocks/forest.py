"""A spanning forest of a graph, and which of its edges lie in no ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, connected_components


def components(n: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Connected piece (n,) of every node, numbered by first nodes; `pairs` (n_edges, 2)."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    labels = connected_components(graph.tocsr(), directed=False)[1]
    first = np.unique(labels, return_index=True)[1]
    return np.asarray(np.argsort(np.argsort(first))[labels], dtype=np.int64)


def spanning_forest(labels: NDArray[np.int64], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Parent (n,) of every node in a tree around the first node of each label, its own parent.

    Parameters
    ----------
    labels
        (n,) piece of every node.
    pairs
        (n_edges, 2) edges within pieces.
    """
    n = len(labels)
    roots = np.unique(labels, return_index=True)[1]
    rows = np.concatenate([pairs[:, 0], np.full(len(roots), n)])
    columns = np.concatenate([pairs[:, 1], roots])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(n + 1, n + 1))
    parents = breadth_first_order(graph.tocsr(), n, directed=False)[1][:n].astype(np.int64)
    return np.where((parents < 0) | (parents == n), np.arange(n), parents)


def find_bridges(n: int, pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which edges (n_edges,) of a graph lie in no ring: without one, its two ends fall apart.

    Every edge outside a spanning tree carries a random number from one end to the other; an edge
    of the tree is a bridge if nothing is carried across it.
    """
    parents = spanning_forest(components(n, pairs), pairs)
    first, second = pairs.T
    down, up = parents[second] == first, parents[first] == second
    closing = ~(down | up)
    loads = np.random.default_rng(0).integers(2**62, size=np.count_nonzero(closing))
    carried = np.zeros(n, dtype=np.int64)
    np.add.at(carried, first[closing], loads)
    np.subtract.at(carried, second[closing], loads)

    depth = _depths(parents)
    order = np.argsort(depth, kind="stable")
    levels = np.split(order, np.searchsorted(depth[order], np.arange(1, depth.max(initial=0) + 1)))
    for level in levels[:0:-1]:
        np.add.at(carried, parents[level], carried[level])
    return np.asarray(~closing & (carried[np.where(down, second, first)] == 0))


def _depths(parents: NDArray[np.int64]) -> NDArray[np.int64]:
    depth = (parents != np.arange(len(parents))).astype(np.int64)
    while (parents[parents] != parents).any():
        depth += depth[parents]
        parents = parents[parents]
    return np.asarray(depth)
