"""Label: energy and forces of clusters at the level of theory; failure is data."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ase import Atoms

from nearsight.references import Execution, Label, LevelOfTheory, reference
from storage import Lake
from tasks.attempts import attempt_origin
from tasks.errors import TooManyFailures
from tasks.explore import read_structure
from tasks.extract import read_cluster
from tasks.ingest import label_key, put_label
from tasks.workplace import Piece, Workplace, done, verb

Kind = Literal["cluster", "structure"]

_log = logging.getLogger("nearsight.label")


def read_atoms(lake: Lake, kind: Kind, key: str) -> Atoms:
    """What is to be labelled: a cluster, or a whole structure."""
    return read_cluster(lake, key).atoms if kind == "cluster" else read_structure(lake, key)


def label_one(
    lake: Lake,
    key: str,
    run: str,
    kind: Kind,
    name: str,
    level: LevelOfTheory,
    execution: Execution,
) -> None:
    """Label one structure, unless another site just did; what fails is left as an attempt."""
    atoms = read_atoms(lake, kind, name)
    wanted = label_key(atoms, level)
    if lake.has("label", wanted):
        return
    told = reference(level, execution).label(atoms)
    if told.status == "converged":
        put_label(lake, atoms, told, level)
        return
    metadata = {
        "label": wanted,
        "status": told.status,
        "message": told.message,
        "seconds": told.seconds,
        "log": told.log,
    }
    lake.put(attempt_origin(wanted, run).record(metadata))
    _log.warning("a label failed (%s: %s)", told.status, told.message)


@verb(name="label", task_run_name="label {stage} by {level.name}")
def label(
    work: Workplace,
    stage: str,
    names: Sequence[str],
    level: LevelOfTheory,
    max_failed: float,
    kind: Kind = "cluster",
) -> list[tuple[str, str]]:
    """Label a batch; (label key, key of what was labelled) of each, failed ones too.

    Failed labels become final with their batch. Where too many failed, and where the flow was
    killed in the middle, another run tries them again; those that converged stay.

    Raises
    ------
    TooManyFailures
        If more than the fraction `max_failed` of the batch failed.
    """
    lake, how = work.lake, (level, work.pools.site.labels)
    structures = [read_atoms(lake, kind, name) for name in names]
    keys = [label_key(atoms, level) for atoms in structures]
    lacking = set(lake.missing("label", keys))
    pieces = [
        Piece(
            "attempt",
            attempt_origin(key, work.run).key,
            label_one,
            (work.run, kind, name, *how),
            after=("label", key),
        )
        if key in lacking
        else Piece("label", key, label_one)
        for key, name in zip(keys, names, strict=True)
    ]
    cached = work.finish("label", "qm", pieces)
    failed = {
        key: lake.get("attempt", attempt_origin(key, work.run).key).metadata
        for key in lake.missing("label", keys)
    }
    told = [failed.get(key) or lake.get("label", key).metadata for key in keys]
    bad = [t for t in told if t["status"] != "converged"]
    if len(bad) > max_failed * len(keys):
        again = "; mend what is wrong and run it again, which tries them again" if failed else ""
        raise TooManyFailures(
            f"{len(bad)} of {len(keys)} labels failed, more than the campaign's max_failed = "
            f"{max_failed:g} allows{again}; the first says: {bad[0]['status']}: {bad[0]['message']}"
        )
    for key, atoms in zip(keys, structures, strict=True):
        if key in failed:
            put_label(lake, atoms, failure(failed[key]), level)
    return done(list(zip(keys, names, strict=True)), cached)


def failure(attempt: Mapping[str, Any]) -> Label:
    """The label that a failed attempt comes to."""
    return Label(
        attempt["status"], None, None, None, attempt["seconds"], attempt["message"], attempt["log"]
    )


def converged(lake: Lake, labels: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those (label key, key of what was labelled) that may enter a training set."""
    return [pair for pair in labels if lake.get("label", pair[0]).metadata["status"] == "converged"]
