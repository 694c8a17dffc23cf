"""Clusters against the bulk: what the core's atoms feel in both (paper, eqs 2 and 3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearsight.blocks import Blocks, Blueprint, Within
from nearsight.matching import bonds_from_edge, core_atoms, distance_from_edge, mismatch, spread
from storage import Lake
from tasks.extract import read_cluster
from tasks.ingest import members, read_label

Arrays = dict[str, NDArray[np.float64]]

FORCES, MODEL_FORCES, FEATURES = "forces", "model forces", "features"
"""What is compared: forces of the level of theory and of the model, eV/Å; features, in units of
their typical spread among atoms of one element."""


@dataclass(frozen=True)
class Fragment:
    """Clusters of one blueprint around one core block.

    Attributes
    ----------
    core
        Block.
    blueprint
        Of the clusters.
    clusters
        Their keys, one for each frame; none where a cluster was refused.
    refused
        Why.
    """

    core: int
    blueprint: Blueprint
    clusters: tuple[str, ...]
    refused: str = ""


@dataclass(frozen=True)
class Match:
    """What one fragment came to.

    Attributes
    ----------
    core, kind
        Block, and its kind.
    blueprint
        In words.
    cluster
        Key of the first frame's cluster; "" where it was refused.
    atoms
        Of the clusters, on average over the frames.
    seconds
        What a label cost, the median over the frames; 0 where none converged.
    numbers, bonds, distances
        (n_core,) atomic number of the core's atoms, in the order of the parent, and how many bonds
        and Å they lie from the core's edge.
    errors
        (n_frames, n_core) lengths of the differences, by what is compared.
    note
        Why there are none.
    """

    core: int
    kind: str
    blueprint: str
    cluster: str
    atoms: float
    seconds: float
    numbers: NDArray[np.int64]
    bonds: NDArray[np.int64]
    distances: NDArray[np.float64]
    errors: Arrays
    note: str


@dataclass(frozen=True)
class _Seen:
    """The core of a labelled structure, and what was found there."""

    told: Arrays
    core: NDArray[np.int64]

    def of(self, what: str) -> NDArray[np.float64]:
        return self.told[what][self.core]


def words(blueprint: Blueprint) -> str:
    """A blueprint in two or three words."""
    if isinstance(blueprint.mantle, Within):
        return f"within {blueprint.mantle.radius:g} Å"
    return f"mantle {blueprint.mantle}"


def compare(
    lake: Lake,
    blocks: Blocks,
    frames: Sequence[str],
    fragments: Sequence[Fragment],
    labels: Mapping[str, str],
    seen: str | None,
    in_bulk: bool,
) -> list[Match]:
    """Compare every fragment with the bulk, or with the largest fragment around the same core.

    Parameters
    ----------
    blocks
        Of the system's start structure.
    frames
        Keys of the structures that the fragments were cut from.
    labels
        Key of the converged label of each structure and cluster.
    seen
        Key of the model's evaluation on all of these labels.
    in_bulk
        Whether the frames themselves were labelled; else the largest fragment stands for the bulk.
    """
    largest = {
        core: max(
            (f for f in fragments if f.core == core), key=lambda fragment: _atoms(lake, fragment)
        )
        for core in {fragment.core for fragment in fragments}
    }
    wholes = {core: frames if in_bulk else largest[core].clusters for core in largest}
    told = _read(lake, labels, seen, {name for names in wholes.values() for name in names})
    matches = []
    for fragment in fragments:
        if fragment is largest[fragment.core] and fragment.clusters and not in_bulk:
            matches.append(_match(lake, blocks, fragment, labels, {}, "stands for the bulk"))
            continue
        errors: dict[str, list[NDArray[np.float64]]] = {}
        for whole, cluster in zip(wholes[fragment.core], fragment.clusters, strict=False):
            if whole not in labels or cluster not in labels:
                continue
            there = _Seen(told[labels[whole]], _core(lake, blocks, whole, fragment.core, in_bulk))
            here = _Seen(told[labels[cluster]], _core(lake, blocks, cluster, fragment.core, False))
            for what in here.told:
                errors.setdefault(what, []).append(mismatch(there.of(what), here.of(what)))
        note = fragment.refused or ("" if errors else "no label converged")
        arrays = {what: np.array(values) for what, values in errors.items()}
        matches.append(_match(lake, blocks, fragment, labels, arrays, note))
    return matches


def _read(
    lake: Lake, labels: Mapping[str, str], seen: str | None, wholes: Collection[str]
) -> dict[str, Arrays]:
    """What was found of each label's structure, by label; features in units of their spread.

    That is their spread in `wholes`, structures that stand for the bulk.
    """
    told: dict[str, Arrays] = {}
    for key in labels.values():
        forces = read_label(lake, key)[1].forces
        assert forces is not None
        told[key] = {FORCES: forces}
    if seen is not None:
        record = lake.get("evaluation", seen)
        a, keys = record.arrays, [key for key, _ in members(lake, record.metadata["test"])]
        bulk = {labels[name] for name in wholes if name in labels}
        whole = np.repeat([key in bulk for key in keys], np.diff(a["offsets"]))
        unit = spread(a["features"][whole].astype(float), a["numbers"][whole])
        for i, key in enumerate(keys):
            atoms = slice(*a["offsets"][i : i + 2])
            told[key][MODEL_FORCES] = a["predicted"][atoms].astype(float)
            told[key][FEATURES] = a["features"][atoms].astype(float) / unit
    return told


def _core(lake: Lake, blocks: Blocks, name: str, core: int, bulk: bool) -> NDArray[np.int64]:
    if bulk:
        return blocks.members(core)
    cluster = read_cluster(lake, name)
    return core_atoms(cluster.core, cluster.parent_indices)


def _atoms(lake: Lake, fragment: Fragment) -> float:
    sizes = [len(lake.get("cluster", key).arrays["numbers"]) for key in fragment.clusters]
    return float(np.mean(sizes)) if sizes else 0.0


def _match(
    lake: Lake,
    blocks: Blocks,
    fragment: Fragment,
    labels: Mapping[str, str],
    errors: Arrays,
    note: str,
) -> Match:
    members = blocks.members(fragment.core)
    edge = np.isin(members, blocks.seams)
    inner = blocks.bonds[(blocks.labels[blocks.bonds] == fragment.core).all(axis=1)]
    numbers, distances = np.zeros(len(members), dtype=np.int64), np.zeros(len(members))
    if fragment.clusters:
        atoms = read_cluster(lake, fragment.clusters[0]).atoms
        core = _core(lake, blocks, fragment.clusters[0], fragment.core, False)
        numbers = atoms.numbers[core]
        distances = distance_from_edge(atoms.positions[core], edge)
    paid = [
        float(lake.get("label", labels[key]).metadata["seconds"])
        for key in fragment.clusters
        if key in labels
    ]
    return Match(
        core=fragment.core,
        kind=blocks.kinds[fragment.core],
        blueprint=words(fragment.blueprint),
        cluster=next(iter(fragment.clusters), ""),
        atoms=_atoms(lake, fragment),
        seconds=float(np.median(paid)) if paid else 0.0,
        numbers=numbers,
        bonds=bonds_from_edge(np.searchsorted(members, inner), edge),
        distances=distances,
        errors=errors,
        note=note,
    )
