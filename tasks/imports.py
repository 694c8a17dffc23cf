"""Import: a user's labelled structures, as a data set under a tag of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nearsight.references import LevelOfTheory
from storage import Lake, LakeError
from tasks.ingest import dataset, put_label, read_labelled


@dataclass(frozen=True)
class Imported:
    """What came of a file of labelled structures.

    Attributes
    ----------
    tag
        Of the snapshot that names them.
    dataset
        Key of the data set that they are.
    labels
        How many structures it holds, each once.
    new
        How many of their labels the lake did not hold before.
    whole
        How many are clusters, by the file's account, whose records the lake lacks: a model will
        learn the forces on all their atoms, not on the core alone.
    """

    tag: str
    dataset: str
    labels: int
    new: int
    whole: int


def import_labelled(lake: Lake, path: Path, level: LevelOfTheory, name: str) -> Imported:
    """Put labelled structures into the lake, as a data set under the tag ``imports/<name>``.

    Raises
    ------
    BadFile
        If the file cannot be used, see `read_labelled`.
    LakeError
        If the lake holds another import of this name, or a failed label of one of the structures.
    """
    before, known = set(lake.keys("label")), set(lake.keys("cluster"))
    beside: dict[str, str] = {}
    whole = 0
    for atoms, label in read_labelled(path, level):
        cluster = str(atoms.info.get("cluster", ""))
        whole += bool(cluster) and cluster not in known
        beside[put_label(lake, atoms, label, level)] = cluster if cluster in known else ""
    for key in sorted(beside.keys() & before):
        if (status := lake.get("label", key).metadata["status"]) != "converged":
            raise LakeError(
                f"label {key} is {status} in the lake {lake.url} and converged in {path}: delete "
                f"journal/label/{key[:2]}/{key} from the lake and import again"
            )
    clusters = {label: cluster for label, cluster in beside.items() if cluster}
    labels = [*(label for label in beside if label not in clusters), *clusters]
    data = dataset(lake, labels, list(clusters.values()))
    tag = f"imports/{name}"
    held = {entry.tag: entry.metadata.get("dataset") for entry in lake.history()}
    if held.get(tag, data) != data:
        raise LakeError(f"the lake {lake.url} holds another import {name!r}: choose another name")
    lake.commit(
        tag,
        {"label": labels, "cluster": list(clusters.values()), "dataset": [data]},
        {"file": path.name, "level": level.model_dump(mode="json"), "dataset": data},
    )
    return Imported(tag, data, len(labels), len(beside.keys() - before), whole)
