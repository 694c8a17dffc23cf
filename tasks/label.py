"""Label: energy and forces of clusters at the level of theory; failure is data."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import State

from nearsight.references import LevelOfTheory, reference
from storage import Lake
from tasks.extract import read_cluster
from tasks.ingest import label_key, label_record
from tasks.workplace import Piece, Workplace, done


class TooManyFailures(RuntimeError):
    """More labels failed than the campaign allows."""


def label_cluster(lake: Lake, key: str, cluster: str, level: LevelOfTheory) -> None:
    """Label one cluster and leave the label in the lake, whatever became of it."""
    atoms = read_cluster(lake, cluster).atoms
    lake.put(label_record(key, atoms, reference(level).label(atoms), level))


@task(name="label", task_run_name="label {stage}", cache_policy=NO_CACHE, retries=2)
def label(
    work: Workplace,
    stage: str,
    clusters: Sequence[str],
    level: LevelOfTheory,
    max_failed: float,
) -> State[list[tuple[str, str]]]:
    """Label a batch of clusters; (label key, cluster key) of each, failed ones too.

    Raises
    ------
    TooManyFailures
        If more than the fraction `max_failed` of the batch failed. The labels are in the lake.
    """
    keys = [label_key(read_cluster(work.lake, cluster).atoms, level) for cluster in clusters]
    pieces = [
        Piece("label", key, label_cluster, (cluster, level))
        for key, cluster in zip(keys, clusters, strict=True)
    ]
    cached = work.finish("label", "qm", pieces)
    told = [work.lake.get("label", key).metadata for key in keys]
    failed = [t for t in told if t["status"] != "converged"]
    if len(failed) > max_failed * len(keys):
        raise TooManyFailures(
            f"{len(failed)} of {len(keys)} labels failed, more than the campaign's max_failed = "
            f"{max_failed:g} allows; the first says: {failed[0]['status']}: {failed[0]['message']}"
        )
    return done(list(zip(keys, clusters, strict=True)), cached)


def converged(lake: Lake, labels: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those (label key, cluster key) that may enter a training set."""
    return [
        pair for pair in labels if lake.get("label", pair[0]).metadata["status"] == "converged"
    ]
