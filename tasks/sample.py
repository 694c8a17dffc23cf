"""Sample: clusters around blocks that are drawn at random from walks (paper, Section 4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from nearsight.blocks import Blocks, Blueprint, UnsoundCluster, cut, fingerprint, partition
from storage import Lake
from tasks.explore import read_structure, read_walk
from tasks.extract import cluster_origin, cluster_record

Draw = tuple[int, int, int]
"""Number of a walk, frame of it, block."""


@dataclass(frozen=True)
class Drawn:
    """A cluster that was drawn.

    Attributes
    ----------
    draw
        Where it comes from.
    key
        Of its record.
    kind
        Of the block at its core.
    volume
        Of the frame's cell, in Å³.
    pressure
        Of the walk, in GPa; None where the cell was kept.
    """

    draw: Draw
    key: str
    kind: str
    volume: float
    pressure: float | None


def sample(
    lake: Lake,
    start: str,
    walks: Sequence[str],
    skip: float,
    blueprint: Blueprint,
    count: int,
    seed: int,
) -> tuple[list[Drawn], Counter[str]]:
    """Cut clusters around blocks drawn at random, each once, and leave them in the lake.

    Every frame of every walk counts the same: none gives a second cluster before each has given
    one. Every block of a frame is as likely as any other, so that kinds come as often as they
    occur. A block that makes no sound cluster is passed over, and the next one takes its place.

    Parameters
    ----------
    start
        Key of the structure that the walks begin from.
    walks
        Keys of the walks.
    skip
        fs at the beginning of every walk that are left out.
    blueprint
        Of the clusters.
    count
        How many.
    seed
        Of what is drawn.

    Returns
    -------
    drawn, refused
        The clusters by walk, frame and block; and why others were refused, with how many they were.

    Raises
    ------
    ValueError
        If there are fewer sound ones than asked for.
    """
    blocks = partition(read_structure(lake, start))
    system = lake.get("structure", start).metadata["system"]
    rng = np.random.default_rng(seed)
    frames = _frames(lake, walks, skip, rng)
    chances = rng.permuted(np.tile(np.arange(len(blocks)), (len(frames), 1)), axis=1)
    order = np.column_stack([np.tile(frames, (len(blocks), 1)), chances.T.ravel()])
    drawn: list[Drawn] = []
    refused: Counter[str] = Counter()
    tried = 0
    while len(drawn) < count and tried < len(order):
        batch = order[tried : tried + count - len(drawn)]
        draws = sorted(map(tuple, batch.tolist()))
        drawn += _cut(lake, system, walks, blocks, blueprint, draws, refused)
        tried += len(batch)
    if len(drawn) < count:
        first = "".join(f"; most often: {why}" for why, _ in refused.most_common(1))
        raise ValueError(
            f"{count} clusters were asked for, but only {len(drawn)} of {len(order)} blocks in "
            f"{len(frames)} frames make sound ones{first}"
        )
    return sorted(drawn, key=lambda found: found.draw), refused


def _frames(
    lake: Lake, walks: Sequence[str], skip: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(n_frames, 2) walk and frame: the walks in turn, the frames of each at random."""
    turns = [
        (turn, w, int(frame))
        for w, walk in enumerate(walks)
        for turn, frame in enumerate(
            rng.permutation(np.flatnonzero(read_walk(lake, walk).times >= skip))
        )
    ]
    return np.array([turn[1:] for turn in sorted(turns)], dtype=np.int64).reshape(-1, 2)


def _cut(
    lake: Lake,
    system: str,
    walks: Sequence[str],
    blocks: Blocks,
    blueprint: Blueprint,
    draws: Iterable[Draw],
    refused: Counter[str],
) -> Iterator[Drawn]:
    """Clusters of the draws, which are sorted: one walk at a time, and frame by frame."""
    for w, of_walk in groupby(draws, key=lambda draw: draw[0]):
        trajectory = read_walk(lake, walks[w])
        for frame, of_frame in groupby(of_walk, key=lambda draw: draw[1]):
            atoms = trajectory.frame(frame)
            for draw in of_frame:
                origin = cluster_origin(walks[w], frame, draw[2], blueprint)
                if not lake.has("cluster", origin.key):
                    try:
                        cluster = cut(atoms, blocks, draw[2], blueprint)
                    except UnsoundCluster as error:
                        refused[str(error)] += 1
                        continue
                    lake.put(cluster_record(origin, cluster, system, fingerprint(cluster)))
                yield Drawn(
                    draw,
                    origin.key,
                    blocks.kinds[draw[2]],
                    float(atoms.get_volume()),
                    trajectory.pressure,
                )
