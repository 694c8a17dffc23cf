"""Links: where records name other records by key, and which blobs are theirs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import numpy as np

from storage.records import Record, is_key


@dataclass(frozen=True)
class Link:
    """An entry of the metadata, or an array, that holds keys.

    Attributes
    ----------
    name
        Of the entry or array: one key, or lists or dictionaries of them; "" stands for none.
    kinds
        Of the records that are meant: of one kind, or of several in turn.
    needed
        Whether these records must be there.
    """

    name: str
    kinds: tuple[str, ...]
    needed: bool = True


def _to(*names: str, **others: str) -> tuple[Link, ...]:
    """Links by the kind itself, such as model="key", or by a name of their own."""
    return tuple(Link(name, (kind,)) for name, kind in ({n: n for n in names} | others).items())


LINKS: Mapping[str, tuple[Link, ...]] = {
    "label": (Link("structure", ("structure",), needed=False),),
    "attempt": (
        Link("label", ("label",), needed=False),
        Link("relaxation", ("relaxation",), needed=False),
    ),
    "walk": _to("model", start="structure"),
    "relaxation": _to("model", "structure", start="structure"),
    "response": _to("model", start="structure", walks="walk"),
    "scores": _to("walk", "density", "model"),
    "density": _to("model", "dataset"),
    "cluster": _to("walk", "structure", start="structure"),
    "batch": _to("scores", "dataset", clusters="cluster"),
    "dataset": _to(labels="label", clusters="cluster"),
    "model": _to("dataset", parent="model"),
    "checkpoint": (
        *_to("dataset", parent="model"),
        Link("model", ("model",), needed=False),
    ),
    "evaluation": _to("model", test="dataset"),
    "cycle": (
        *_to("model", "dataset", "density", "scores", "batch"),
        *_to(evaluations="evaluation", walks="walk", labels="label"),
        Link("clusters", ("label", "cluster")),
    ),
}

WITH_BLOBS = {"model"}
"""Kinds whose records vouch for a blob; its name is their key and a suffix."""


@dataclass(frozen=True)
class Reference:
    """One key that a record names."""

    kind: str
    key: str
    needed: bool = field(default=True, compare=False)

    @property
    def name(self) -> str:
        """Of the object in the lake."""
        return f"journal/{self.kind}/{self.key[:2]}/{self.key}"


def references(record: Record) -> Iterator[Reference]:
    """Every record that `record` names."""
    for link in LINKS.get(record.kind, ()):
        held = record.metadata.get(link.name, record.arrays.get(link.name))
        for kind, key in zip(cycle(link.kinds), _leaves(held), strict=False):
            if key:
                yield Reference(kind, key, link.needed)


def owner(blob: str) -> str | None:
    """Key of the record that a blob belongs to; None if its name does not say."""
    stem = blob.rpartition("/")[2].partition(".")[0]
    return stem if is_key(stem) else None


def _leaves(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, Mapping):
        for value in held.values():
            yield from _leaves(value)
    elif isinstance(held, np.ndarray):
        yield from held.tolist()
    elif held is not None:
        for value in held:
            yield from _leaves(value)
