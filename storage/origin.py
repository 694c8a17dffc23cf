"""Origins: what the key of a record is made of, kept in the record so that it can be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from storage.keys import SCHEMA_VERSION, content_key, structure_key
from storage.records import Record

_ENTRY = "origin"


@dataclass(frozen=True)
class Origin:
    """What a record is made of.

    Attributes
    ----------
    kind
        Of the record.
    spec
        What JSON can say, such as ``WalkSpec.model_dump(mode="json")``.
    inputs
        Keys of what the work starts from; their order counts.
    schema
        Version of the meaning of specs.
    """

    kind: str
    spec: Any
    inputs: Sequence[str] = ()
    schema: int = SCHEMA_VERSION

    @property
    def key(self) -> str:
        """The content key."""
        return content_key(self.kind, self.spec, self.inputs, self.schema)

    def record(
        self, metadata: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None
    ) -> Record:
        """The record under that key, with its origin in its metadata."""
        kept = {"spec": self.spec, "inputs": list(self.inputs), "schema": self.schema}
        return Record(self.kind, self.key, {**metadata, _ENTRY: kept}, arrays or {})


def origin_of(record: Record) -> Origin | None:
    """What `record` was made of; None if an older Nearsight wrote it, or its kind keeps none."""
    kept = record.metadata.get(_ENTRY)
    return None if kept is None else Origin(record.kind, **kept)


def told(record: Record) -> dict[str, Any]:
    """The metadata of `record` without its origin."""
    return {name: value for name, value in record.metadata.items() if name != _ENTRY}


def geometry_key(record: Record) -> str:
    """Key of the geometry in the arrays of a structure or label."""
    return structure_key(*(record.arrays[name] for name in ("numbers", "positions", "cell", "pbc")))


def dataset_key(labels: Sequence[str], clusters: Sequence[str]) -> str:
    """Key of a data set: of its labels and, beside each, its cluster ("" for a crystal)."""
    pairs = zip(labels, clusters, strict=True)
    return content_key("dataset", {}, [f"{label}:{cluster}" for label, cluster in pairs])


def rehash(record: Record) -> str | None:
    """The key of `record`, computed anew from what it holds; None if an older Nearsight wrote it.

    Structures and data sets are their own origin: their arrays make their key.
    """
    if record.kind == "structure":
        return geometry_key(record)
    if record.kind == "dataset":
        return dataset_key(record.arrays["labels"].tolist(), record.arrays["clusters"].tolist())
    origin = origin_of(record)
    return None if origin is None else origin.key
