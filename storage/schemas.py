"""What each kind of record holds, and how snapshots lay it out in columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from storage.errors import LakeError
from storage.records import Record


@dataclass(frozen=True)
class Column:
    """One array of a record, or one entry of its metadata, as a column of a snapshot.

    Attributes
    ----------
    dtype
        NumPy's name of the dtype, or "string".
    along
        Named leading dimensions whose size differs between records: ("atom",) or
        ("frame", "atom"). Records are laid end to end; offsets tell them apart.
    shape
        Trailing dimensions, the same for all records.
    optional
        The record may lack it. The column then holds zeros, and the mask ``has_<name>`` is false;
        text holds "" and needs no mask.
    metadata
        Comes from the metadata and not from the arrays.
    unit
        Written beside the column as its attribute ``units``; "" for what has none.
    """

    dtype: str
    along: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    optional: bool = False
    metadata: bool = False
    unit: str = ""


@dataclass(frozen=True)
class Schema:
    """The columns of one kind and the group of the snapshot that holds them.

    Every group has the columns ``keys`` and ``metadata`` (all of it, as JSON), too; arrays that no
    column names stay in the journal. Columns are added, optional ones only, and never taken away:
    in the rows of a snapshot that are older than a column it is blank.
    """

    group: str
    columns: Mapping[str, Column] = field(default_factory=dict)


_STATUS = Column("string", metadata=True)
_TEXT = Column("string", metadata=True, optional=True)
_COUNT = Column("int64", metadata=True, optional=True)
_SECONDS = Column("float64", metadata=True, optional=True, unit="s")

_NUMBERS = Column("int64", ("atom",))
_POSITIONS = Column("float64", ("atom",), (3,), unit="Å")
_MASK = Column("bool", ("atom",))
_GEOMETRY = {
    "numbers": _NUMBERS,
    "positions": _POSITIONS,
    "cell": Column("float64", shape=(3, 3), unit="Å"),
    "pbc": Column("bool", shape=(3,)),
}

SCHEMAS: Mapping[str, Schema] = {
    "structure": Schema("structures", {**_GEOMETRY, "system": _TEXT, "name": _TEXT}),
    "label": Schema(
        "labels",
        {
            **_GEOMETRY,
            "energy": Column("float64", optional=True, unit="eV"),
            "forces": Column("float64", ("atom",), (3,), optional=True, unit="eV/Å"),
            "stress": Column("float64", shape=(3, 3), optional=True, unit="eV/Å³"),
            "level": _STATUS,
            "status": _STATUS,
            "message": _TEXT,
            "structure": _TEXT,
            "system": _TEXT,
            "seconds": _SECONDS,
        },
    ),
    "cluster": Schema(
        "clusters",
        {
            "numbers": _NUMBERS,
            "positions": _POSITIONS,
            "core": _MASK,
            "mantle": _MASK,
            "caps": _MASK,
            "parent_indices": Column("int64", ("atom",)),
            "system": _TEXT,
            "walk": _TEXT,
            "frame": _COUNT,
            "core_block": _COUNT,
            "fingerprint": _TEXT,
            "formula": _TEXT,
        },
    ),
    "walk": Schema(
        "walks",
        {
            "numbers": _NUMBERS,
            "positions": Column("float64", ("frame", "atom"), (3,), unit="Å"),
            "cells": Column("float64", ("frame",), (3, 3), unit="Å"),
            "times": Column("float64", ("frame",), unit="fs"),
            "energies": Column("float64", ("frame",), unit="eV"),
            "temperatures": Column("float64", ("frame",), unit="K"),
            "system": _TEXT,
            "model": _TEXT,
            "pressure": Column("float64", metadata=True, optional=True, unit="GPa"),
            "stop": _TEXT,
            "seconds": _SECONDS,
        },
    ),
    "relaxation": Schema(
        "relaxations",
        {
            "stress": Column("float64", shape=(3, 3), optional=True, unit="GPa"),
            "energy": Column("float64", metadata=True, optional=True, unit="eV"),
            "status": _STATUS,
            "message": _TEXT,
            "system": _TEXT,
            "model": _TEXT,
            "structure": _TEXT,
            "steps": _COUNT,
            "seconds": _SECONDS,
        },
    ),
    "response": Schema(
        "responses",
        {
            "numbers": _NUMBERS,
            "positions": _POSITIONS,
            "cell": Column("float64", shape=(3, 3), unit="Å"),
            "volumes": Column("float64", ("sample",), optional=True, unit="Å³"),
            "pressures": Column("float64", ("sample",), optional=True, unit="GPa"),
            "energies": Column("float64", ("sample",), optional=True, unit="eV"),
            "temperatures": Column("float64", ("sample",), optional=True, unit="K"),
            "branch": _STATUS,
            "fixed": Column("float64", metadata=True, unit="GPa or Å³"),
            "system": _TEXT,
            "model": _TEXT,
            "stop": _TEXT,
            "seconds": _SECONDS,
        },
    ),
    "scores": Schema(
        "scores",
        {
            "frames": Column("int64", ("frame",)),
            "log_likelihood": Column("float64", ("frame", "atom")),
            "surprise": Column("float64", ("frame", "atom"), optional=True),
            "features": Column("float32", ("frame", "atom", "feature"), optional=True),
            "walk": _TEXT,
            "model": _TEXT,
        },
    ),
    "model": Schema("models", {"parent": _TEXT, "dataset": _TEXT}),
    "checkpoint": Schema("checkpoints", {"model": _TEXT, "epoch": _COUNT, "seconds": _SECONDS}),
    "dataset": Schema(
        "datasets",
        {"labels": Column("string", ("member",)), "clusters": Column("string", ("member",))},
    ),
    "evaluation": Schema(
        "evaluations",
        {
            "predicted": Column("float32", ("atom",), (3,), unit="eV/Å"),
            "reference": Column("float32", ("atom",), (3,), unit="eV/Å"),
            "delta_e": Column("float64", ("frame",), unit="eV/atom"),
            "model": _TEXT,
            "test": _TEXT,
        },
    ),
}


def schema_of(kind: str) -> Schema:
    """Return the schema of `kind`; kinds that nobody declared show their metadata only."""
    return SCHEMAS.get(kind, Schema(kind))


def sizes(record: Record) -> dict[str, int]:
    """Size of each named dimension of `record`, such as {"frame": 50, "atom": 456}."""
    found: dict[str, int] = {}
    for name, column in schema_of(record.kind).columns.items():
        if not column.metadata and name in record.arrays:
            for dimension, size in zip(column.along, record.arrays[name].shape, strict=False):
                found.setdefault(dimension, size)
    return found


def check(record: Record) -> None:
    """Refuse a record that would not fit into the columns of its kind, saying why."""
    found = sizes(record)
    for name, column in schema_of(record.kind).columns.items():
        source = record.metadata if column.metadata else record.arrays
        if source.get(name) is None:
            if not column.optional:
                what = "metadata" if column.metadata else "array"
                raise LakeError(f"{record.name} lacks the {what} {name}")
        elif column.metadata:
            _check_entry(record, name, column)
        else:
            _check_array(record, name, column, found)


def _check_entry(record: Record, name: str, column: Column) -> None:
    value = record.metadata[name]
    if column.dtype != "string" and not np.can_cast(np.min_scalar_type(value), column.dtype):
        raise LakeError(f"{record.name}: metadata {name} is {value!r}, not {column.dtype}")


def _check_array(record: Record, name: str, column: Column, found: Mapping[str, int]) -> None:
    array = record.arrays[name]
    expected = (*(found.get(dimension, -1) for dimension in column.along), *column.shape)
    if array.shape != expected:
        dimensions = ", ".join([*column.along, *map(str, column.shape)])
        raise LakeError(
            f"{record.name}: array {name} has shape {array.shape}, not ({dimensions}) = {expected}"
        )
    if column.dtype == "string":
        fits = array.dtype.kind in "SU"
    else:
        fits = np.can_cast(array.dtype, column.dtype, "same_kind")
    if not fits:
        raise LakeError(f"{record.name}: array {name} has dtype {array.dtype}, not {column.dtype}")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise LakeError(f"{record.name}: array {name} holds NaN; a failure is a status, not a NaN")
