"""Do clusters feel what the bulk feels? Force and feature matching (paper, Section 2.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

FloatArray = NDArray[np.float64]


def core_atoms(core: NDArray[np.bool_], parent_indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Indices (n_core,) of the core's atoms, in the order that they have in the parent.

    Parameters
    ----------
    core
        (n_atoms,) mask over the atoms of a cluster.
    parent_indices
        (n_atoms,) index of every atom in the parent, all different within the core.
    """
    inside = np.flatnonzero(core)
    return np.asarray(inside[np.argsort(parent_indices[inside])])


def mismatch(bulk: FloatArray, cluster: FloatArray) -> FloatArray:
    """How far the core's atoms are from feeling the bulk: length of every difference, (n_core,).

    The cluster must lie as the bulk does (eq 2); turning both changes nothing.

    Parameters
    ----------
    bulk, cluster
        (n_core, 3) forces in eV/Å, or (n_core, n_features), of the same atoms in the same order.

    Raises
    ------
    ValueError
        The two are not of the same atoms.
    """
    if bulk.shape != cluster.shape:
        raise ValueError(
            f"the core is {bulk.shape} in the bulk and {cluster.shape} in the cluster: both must "
            "hold the same atoms"
        )
    return np.asarray(np.linalg.norm(cluster - bulk, axis=1))


def atom_rmse(errors: FloatArray) -> FloatArray:
    """Root of the mean square over frames, (n_core,), of errors (n_frames, n_core)."""
    return np.asarray(np.sqrt(np.mean(np.square(errors), axis=0)))


def spread(features: FloatArray, numbers: NDArray[np.int64]) -> float:
    """Typical distance of an atom's features from the mean of its element: a unit to measure in.

    Parameters
    ----------
    features
        (n_atoms, n_features) in the bulk, of one frame or of several.
    numbers
        (n_atoms,) atomic numbers.
    """
    _, element = np.unique(numbers, return_inverse=True)
    sums = np.zeros((element.max() + 1, features.shape[1]))
    np.add.at(sums, element, features)
    means = sums / np.bincount(element)[:, None]
    return float(np.sqrt(np.mean(np.square(features - means[element]).sum(axis=1))))


def bonds_from_edge(bonds: NDArray[np.int64], edge: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Bonds between every atom of a core and its edge, (n_core,); -1 where none lead there.

    Parameters
    ----------
    bonds
        (n_bonds, 2) within the core, between its atoms 0 to n_core - 1.
    edge
        (n_core,) atoms whose bonds to the rest of the framework were cut. Of a core that nothing
        was bonded to, such as a guest, every atom lies at the edge.
    """
    sources = np.flatnonzero(edge if edge.any() else ~edge)
    n = len(edge)
    graph = coo_array((np.ones(len(bonds)), (bonds[:, 0], bonds[:, 1])), shape=(n, n))
    steps = dijkstra(graph.tocsr(), directed=False, unweighted=True, indices=sources, min_only=True)
    return np.where(np.isfinite(steps), steps, -1).astype(np.int64)


def distance_from_edge(positions: FloatArray, edge: NDArray[np.bool_]) -> FloatArray:
    """Å between every atom of a core and the nearest atom of its edge, (n_core,).

    Parameters
    ----------
    positions
        (n_core, 3) in Å, in one piece.
    edge
        (n_core,) as in `bonds_from_edge`.
    """
    ends = positions[edge if edge.any() else ~edge]
    return np.asarray(np.linalg.norm(positions[:, None] - ends[None], axis=2).min(axis=1))
