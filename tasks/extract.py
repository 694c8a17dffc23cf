"""Extract: cut unknown regions out of walks as clusters (paper, Section 2.4)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms

from nearsight.blocks import (
    Blocks,
    Blueprint,
    Cluster,
    UnsoundCluster,
    choose,
    cut,
    fingerprint,
    partition,
    rank,
)
from storage import Lake, Record
from storage.origin import Origin
from tasks.explore import read_structure, read_walk
from tasks.ingest import members
from tasks.options import Extraction
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb

MASKS = ("core", "mantle", "caps")
"""Parts of a cluster; as masks over its atoms they add up to all of it."""

SHORTLIST = 20
"""Candidates that are cut for every cluster that is wanted, evenly over all walks and times."""


def batch_origin(scores: Sequence[str], dataset: str, spec: Extraction) -> Origin:
    """What a batch is made of: the scores its clusters are chosen from, what is known, the spec."""
    return Origin("batch", spec.model_dump(mode="json"), [*scores, dataset])


def cluster_origin(walk: str, frame: int, block: int, blueprint: Blueprint) -> Origin:
    """What a cluster is made of: a frame of a walk, the block at its core, and its blueprint."""
    where = {"frame": frame, "core": block, "blueprint": blueprint.model_dump(mode="json")}
    return Origin("cluster", where, [walk])


def cluster_record(origin: Origin, cluster: Cluster, system: str, mark: str) -> Record:
    """The record of a cluster, cut from a walk through a system; `mark` is its fingerprint."""
    metadata = {
        "walk": origin.inputs[0],
        "frame": origin.spec["frame"],
        "core_block": origin.spec["core"],
        "system": system,
        "fingerprint": mark,
        "formula": cluster.atoms.get_chemical_formula(),
    }
    return origin.record(metadata, cluster_arrays(cluster))


def read_cluster(lake: Lake, key: str) -> Cluster:
    """A cluster by its key."""
    a = lake.get("cluster", key).arrays
    return Cluster(
        Atoms(a["numbers"], positions=a["positions"]),
        a["core"],
        a["mantle"],
        a["caps"],
        a["parent_indices"],
    )


def cluster_arrays(cluster: Cluster) -> dict[str, np.ndarray]:
    """The arrays of a cluster's record."""
    return {
        "numbers": cluster.atoms.numbers.astype(np.int64),
        "positions": cluster.atoms.positions,
        "core": cluster.core,
        "mantle": cluster.mantle,
        "caps": cluster.caps,
        "parent_indices": cluster.parent_indices,
    }


def clusters_of(lake: Lake, batch: str) -> list[str]:
    """Keys of a batch's clusters; none where nothing unknown was found, or nothing could be cut."""
    return list(lake.get("batch", batch).metadata["clusters"])


def extract_batch(
    lake: Lake, key: str, scores: Sequence[str], dataset: str, spec: Extraction
) -> None:
    """Choose blocks that are uncertain and diverse, and leave their clusters in the lake.

    The record says how many atoms were unknown, how many blocks were candidates, and why any
    cluster was refused.
    """
    start, tell = time.monotonic(), reporter(key)
    candidates: list[tuple[float, int, int, int]] = []
    walks, systems, tables, blocks = [], [], [], []
    unknown_atoms = atoms_seen = 0
    for w, name in enumerate(scores):
        table = lake.get("scores", name)
        walks.append(table.metadata["walk"])
        walk = lake.get("walk", walks[w]).metadata
        systems.append(walk["system"])
        tables.append(table.arrays)
        blocks.append(partition(read_structure(lake, walk["start"])))
        surprise = table.arrays["surprise"]
        unknown_atoms += int((surprise > 0).sum())
        atoms_seen += surprise.size
        for frame, row in enumerate(surprise):
            for block, count in zip(*rank(blocks[w], row > 0), strict=True):
                if count >= spec.min_unknown:
                    worth = float(np.clip(row[blocks[w].members(int(block))], 0, None).sum())
                    candidates.append((worth, w, frame, int(block)))
    shortlist = candidates[:: max(1, len(candidates) // (SHORTLIST * spec.clusters))]
    cut_out, refused = [], Counter[str]()
    frames = {w: read_walk(lake, walks[w]) for w in {c[1] for c in shortlist}}
    for i, (worth, w, frame, block) in enumerate(shortlist):
        try:
            cluster = cut(frames[w].frame(frame), blocks[w], block, spec.blueprint)
        except UnsoundCluster as error:
            refused[str(error)] += 1
        else:
            descriptor = _descriptor(tables[w]["features"][frame], blocks[w], block)
            cut_out.append((worth, descriptor, fingerprint(cluster), cluster, w, frame, block))
        tell((i + 1) / len(shortlist))
    known = [cluster for _, cluster in members(lake, dataset) if cluster]
    taken = {lake.get("cluster", name).metadata["fingerprint"] for name in known}
    chosen = choose(
        [c[0] for c in cut_out],
        np.array([c[1] for c in cut_out]) if cut_out else np.empty((0, 0)),
        [c[2] for c in cut_out],
        spec.clusters,
        taken,
        **_within_budget([len(c[3].atoms) for c in cut_out], spec),
    )
    names = []
    for i in chosen:
        _, _, mark, cluster, w, frame, block = cut_out[i]
        origin = cluster_origin(walks[w], frame, block, spec.blueprint)
        lake.put(cluster_record(origin, cluster, systems[w], mark))
        names.append(origin.key)
    metadata = {
        "clusters": names,
        "scores": list(scores),
        "dataset": dataset,
        "unknown_atoms": unknown_atoms,
        "atoms_seen": atoms_seen,
        "candidates": len(candidates),
        "refused": dict(refused),
        "seconds": time.monotonic() - start,
    }
    lake.put(batch_origin(scores, dataset, spec).record(metadata))


def _within_budget(sizes: Sequence[int], spec: Extraction) -> dict[str, Any]:
    if spec.budget is None:
        return {}
    return {"costs": (np.array(sizes) / 100) ** spec.cost_exponent, "budget": spec.budget}


def _descriptor(features: np.ndarray, blocks: Blocks, block: int) -> np.ndarray:
    members = features[blocks.members(block)]
    return np.concatenate([members.mean(axis=0), members.std(axis=0)])


@verb(name="extract", task_run_name="extract {work.title}")
def extract(work: Workplace, scores: list[str], dataset: str, spec: Extraction) -> str:
    """Cut a batch of clusters; the key of its record."""
    key = batch_origin(scores, dataset, spec).key
    pieces = [Piece("batch", key, extract_batch, (scores, dataset, spec))]
    return done(key, work.finish("extract", "cpu", pieces))
