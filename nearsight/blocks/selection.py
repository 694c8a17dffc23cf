"""Which blocks to cut out, and which of their clusters to label."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist, pdist
from scipy.stats import rankdata

from nearsight.blocks.base import Blocks, Cluster

RESOLUTION = 1e-3
"""Å to which the mean distances of a fingerprint are rounded."""
_POWERS = (-6.0, -2.0, 1.0, 3.0)


def rank(blocks: Blocks, unknown: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Blocks that hold unknown atoms, those with the most first, ties by index.

    Parameters
    ----------
    blocks
        The partition of the system.
    unknown
        (n_atoms,) mask of the atoms that the model does not know.

    Returns
    -------
    ids, counts
        (n,) block indices and (n,) numbers of their unknown atoms, all above zero.

    Raises
    ------
    ValueError
        `unknown` is no mask over the atoms of `blocks`.
    """
    mask = np.asarray(unknown)
    if mask.dtype != bool or mask.shape != blocks.labels.shape:
        raise ValueError(f"unknown must be a boolean mask of {len(blocks.labels)} atoms")
    counts = np.bincount(blocks.labels[mask], minlength=len(blocks))
    ids = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    return ids, counts[ids]


def choose(
    scores: ArrayLike,
    descriptors: ArrayLike,
    fingerprints: Sequence[str],
    count: int,
    taken: Collection[str] = (),
    queued: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    budget: float = np.inf,
) -> NDArray[np.int64]:
    """Choose candidates that are uncertain and unlike one another and what is queued.

    Greedy and deterministic: the next choice has the largest product of the rank of its score and
    its distance to the nearest descriptor chosen or queued, in standard deviations of the
    candidates, for what it costs. Without anything queued the first is the most uncertain.

    Parameters
    ----------
    scores
        (n,) uncertainty of every candidate, larger is more uncertain; infinity is allowed.
    descriptors
        (n, n_features) features of every candidate's core.
    fingerprints
        n fingerprints; of equal ones only the most uncertain can be chosen.
    count
        How many to choose at most.
    taken
        Fingerprints that are queued or labelled, and so never chosen.
    queued
        (m, n_features) descriptors of what is queued already.
    costs
        (n,) what the label of every candidate costs, all above zero: the cube of its atoms for DFT,
        their number for a teacher; all the same unless given.
    budget
        What all chosen may cost together, in the units of `costs`.

    Returns
    -------
    chosen
        (at most `count`,) indices of candidates in the order of choice.

    Raises
    ------
    ValueError
        Shapes do not agree, a score is NaN, a descriptor is not finite, or a cost not positive.
    """
    points = np.asarray(descriptors, dtype=float)
    known = np.empty((0, points.shape[-1])) if queued is None else np.asarray(queued, dtype=float)
    values = np.asarray(scores, dtype=float)
    n = len(fingerprints)
    prices = np.ones(n) if costs is None else np.asarray(costs, dtype=float)
    if prices.shape != (n,) or not (prices > 0).all():
        raise ValueError("costs (n,) must be above zero, one for every fingerprint")
    if values.shape != (n,) or points.ndim != 2 or len(points) != n or known.ndim != 2:
        raise ValueError("scores (n,), descriptors (n, n_features), n fingerprints must agree")
    if np.isnan(values).any() or not (np.isfinite(points).all() and np.isfinite(known).all()):
        raise ValueError("scores must not be NaN and descriptors must be finite")

    weights = rankdata(values) / max(n, 1)
    open_ = np.zeros(n, dtype=bool)
    seen = set(taken)
    for candidate in np.argsort(-weights, kind="stable"):
        open_[candidate] = fingerprints[candidate] not in seen
        seen.add(fingerprints[candidate])

    scale = points.std(axis=0) if n else np.ones(points.shape[1])
    scale = np.where(scale > 0, scale, 1.0)
    points, known = points / scale, known / scale
    nearest = cdist(points, known).min(axis=1) if len(known) else np.ones(n)
    chosen: list[int] = []
    left = budget
    while len(chosen) < count and (open_ := open_ & (prices <= left)).any():
        gain = np.where(open_, weights * (nearest + 1e-9) / prices, -1.0)
        best = int(np.argmax(gain))
        distances = cdist(points, points[[best]])[:, 0]
        nearest = np.minimum(nearest, distances) if chosen or len(known) else distances
        open_[best] = False
        left -= prices[best]
        chosen.append(best)
    return np.array(chosen, dtype=np.int64)


def fingerprint(cluster: Cluster) -> str:
    """Hash of a cluster's geometry that ignores place, orientation, handedness and order of atoms.

    It stands on the composition and, for every pair of elements, on power means of the interatomic
    distances, rounded to `RESOLUTION`: frames that differ by thermal motion differ in it.
    """
    numbers, positions = cluster.atoms.numbers, cluster.atoms.positions
    elements = np.unique(numbers).tolist()
    facts: list[int] = []
    for a, b in combinations_with_replacement(elements, 2):
        first, second = positions[numbers == a], positions[numbers == b]
        distances = pdist(first) if a == b else cdist(first, second).ravel()
        facts += [a, b, len(first), len(second)]
        if distances.size:
            means = [np.mean(distances**power) ** (1 / power) for power in _POWERS]
            facts += np.rint(np.array(means) / RESOLUTION).astype(int).tolist()
    return sha256(repr(facts).encode()).hexdigest()
