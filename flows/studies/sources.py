"""What studies work on: models by file or from the lake, labelled sets, pools of clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from flows.parameters import BadParameters
from nearsight.potentials import load
from nearsight.references import LevelOfTheory
from nearsight.spec import File, Spec
from storage import Lake, Snapshot
from tasks.ingest import dataset, elements, ingest, members, put_label, read_labelled
from tasks.train import adopt


class ModelSource(Spec):
    """A potential: a file, or a model that the study's lake holds."""

    file: File | None = Field(None, title="File", description="a Nearsight model")
    tag: str | None = Field(None, title="Tag", description="of a cycle, such as demo/cycle-002")
    key: str | None = Field(None, title="Key", description="of a model in the lake")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(given is not None for given in (self.file, self.tag, self.key)) != 1:
            raise ValueError("name a model by one of file, tag and key")
        return self


def find_model(lake: Lake, source: ModelSource) -> str:
    """Key of a model in the lake; a file is put there.

    Raises
    ------
    BadParameters
        If the lake has no such tag or model.
    BadFile
        If the file is no Nearsight model.
    """
    if source.file is not None:
        return adopt(lake, source.file, dataset(lake, []))
    key = source.key
    if source.tag is not None:
        key = snapshot(lake, source.tag).metadata.get("model")
    if key is None or not lake.has("model", key):
        raise BadParameters(f"the lake {lake.url} holds no model {source.tag or source.key!r}")
    return key


def find_set(lake: Lake, path: Path, level: LevelOfTheory) -> str:
    """Key of the data set that a file of labelled structures is."""
    return dataset(lake, ingest(lake, path, level))


def find_set_with_cores(
    lake: Lake, path: Path, level: LevelOfTheory
) -> tuple[str, NDArray[np.bool_] | None]:
    """Key of the data set that a file is, and which of its atoms are cores of clusters.

    Returns
    -------
    key, cores
        (n_total,) mask over all structures end to end, in the order of their evaluations; None
        where the file tells no cores.
    """
    labels, cores = [], {}
    for atoms, label in read_labelled(path, level):
        labels.append(put_label(lake, atoms, label, level))
        cores[labels[-1]] = atoms.arrays.get("core", np.zeros(len(atoms), dtype=bool))
    data = dataset(lake, labels)
    mask = np.concatenate([cores[label] for label, _ in members(lake, data)])
    return data, mask if mask.any() else None


def clusters_under(lake: Lake, tag: str, system: str | None = None) -> list[tuple[str, str]]:
    """(label key, cluster key) of every cluster that a snapshot's data set holds, by label key.

    Parameters
    ----------
    tag
        Of a campaign's cycle, or of an import.
    system
        Only clusters cut from the system of this name, such as S_ld; None for all.

    Raises
    ------
    BadParameters
        If there are none.
    """
    data = _learned(lake, tag)
    pairs = [(label, cluster) for label, cluster in members(lake, data) if cluster] if data else []
    systems = {cluster: lake.get("cluster", cluster).metadata["system"] for _, cluster in pairs}
    chosen = [pair for pair in pairs if system in (None, systems[pair[1]])]
    if not chosen:
        held = ", ".join(sorted(set(systems.values()))) or "none"
        raise BadParameters(
            f"{tag} in the lake {lake.url} holds no clusters of {system or 'any system'}; "
            f"there are clusters of: {held}"
        )
    return chosen


def learned_under(lake: Lake, tag: str) -> str:
    """Key of the data set that a snapshot stands for: of a campaign's cycle, all it had learned.

    Raises
    ------
    BadParameters
        If there is none.
    """
    if data := _learned(lake, tag):
        return data
    raise BadParameters(f"{tag} in the lake {lake.url} holds no data set; name a campaign's cycle")


def _learned(lake: Lake, tag: str) -> str | None:
    from flows.history import read_cycles

    told = snapshot(lake, tag).metadata
    if data := told.get("dataset"):
        return str(data)
    if "campaign" not in told or "cycle" not in told:
        return None
    return read_cycles(lake, str(told["campaign"]))[int(str(told["cycle"]))].dataset


def snapshot(lake: Lake, tag: str) -> Snapshot:
    """A snapshot by its tag.

    Raises
    ------
    BadParameters
        If there is none; the message names those there are.
    """
    history = {entry.tag: entry for entry in lake.history()}
    if tag not in history:
        raise BadParameters(
            f"the lake {lake.url} has no snapshot {tag!r}, only {', '.join(history) or 'none'}"
        )
    return history[tag]


def strangers(lake: Lake, model: str, data: str) -> set[str]:
    """Elements of a data set that a model does not know."""
    return elements(lake, data) - set(load(model, lake).elements)
