"""Label: energy and forces of clusters at the level of theory; failure is data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ase import Atoms

from nearsight.references import Execution, LevelOfTheory, reference
from storage import Lake
from tasks.errors import TooManyFailures
from tasks.explore import read_structure
from tasks.extract import read_cluster
from tasks.ingest import label_key, put_label
from tasks.workplace import Piece, Workplace, done, verb

Kind = Literal["cluster", "structure"]


def read_atoms(lake: Lake, kind: Kind, key: str) -> Atoms:
    """What is to be labelled: a cluster, or a whole structure."""
    return read_cluster(lake, key).atoms if kind == "cluster" else read_structure(lake, key)


def label_one(
    lake: Lake, key: str, kind: Kind, name: str, level: LevelOfTheory, execution: Execution
) -> None:
    """Label one structure and leave the label in the lake, whatever became of it."""
    atoms = read_atoms(lake, kind, name)
    put_label(lake, atoms, reference(level, execution).label(atoms), level)


@verb(name="label", task_run_name="label {stage}")
def label(
    work: Workplace,
    stage: str,
    names: Sequence[str],
    level: LevelOfTheory,
    max_failed: float,
    kind: Kind = "cluster",
) -> list[tuple[str, str]]:
    """Label a batch; (label key, key of what was labelled) of each, failed ones too.

    Raises
    ------
    TooManyFailures
        If more than the fraction `max_failed` of the batch failed. The labels are in the lake.
    """
    keys = [label_key(read_atoms(work.lake, kind, name), level) for name in names]
    pieces = [
        Piece("label", key, label_one, (kind, name, level, work.pools.site.labels))
        for key, name in zip(keys, names, strict=True)
    ]
    cached = work.finish("label", "qm", pieces)
    told = [work.lake.get("label", key).metadata for key in keys]
    failed = [t for t in told if t["status"] != "converged"]
    if len(failed) > max_failed * len(keys):
        raise TooManyFailures(
            f"{len(failed)} of {len(keys)} labels failed, more than the campaign's max_failed = "
            f"{max_failed:g} allows; the first says: {failed[0]['status']}: {failed[0]['message']}"
        )
    return done(list(zip(keys, names, strict=True)), cached)


def converged(lake: Lake, labels: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those (label key, key of what was labelled) that may enter a training set."""
    return [pair for pair in labels if lake.get("label", pair[0]).metadata["status"] == "converged"]
