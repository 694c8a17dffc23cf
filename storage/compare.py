"""Comparisons of a snapshot with the journal that it was folded from, and with its forerunner."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.storage import MemoryStore

from storage.columns import fold
from storage.contents import read
from storage.errors import LakeError
from storage.records import Record
from storage.schemas import schema_of

_BATCH_BYTES = 64 << 20

Get = Callable[[str, str], Record]


def against_records(
    root: zarr.Group, kind: str, keys: Sequence[str], start: int, sound: Collection[str], get: Get
) -> Iterator[tuple[str, str]]:
    """Arrays whose rows from `start` on are not what folding their records makes, and how.

    Parameters
    ----------
    root
        Of the snapshot.
    keys
        Of all its rows of `kind`.
    sound
        Keys of records that can be read; rows of others are passed by.
    get
        Returns a record by kind and key.
    """
    group = root[schema_of(kind).group]
    assert isinstance(group, zarr.Group)
    bad: set[str] = set()
    runs = groupby(range(start, len(keys)), key=lambda row: keys[row] in sound)
    for first, records in _batches(kind, keys, (list(rows) for good, rows in runs if good), get):
        fresh = zarr.group(MemoryStore())
        fold(fresh, kind, records)
        for name in fresh.require_group(group.basename).array_keys():
            if name in bad or name not in group:  # declared after these rows were written
                continue
            path = f"{group.basename}/{name}"
            try:
                edges = _edges(group, kind, name, first, len(records))
                stored = read(group, name, slice(edges[0], edges[-1]))
                if name.endswith("_offsets"):
                    stored = stored - stored[0]
            except LakeError as error:
                bad.add(name)
                yield path, str(error)
                continue
            if (row := _first_difference(stored, read(fresh, path), edges)) is not None:
                bad.add(name)
                key = records[min(row, len(records) - 1)].key
                yield path, f"{path} of {kind} {key} is not what its record holds"


def against_forerunner(
    before: zarr.Group, after: zarr.Group, chunks: Mapping[str, Sequence[Sequence[int]]]
) -> Iterator[tuple[str, str]]:
    """Arrays of which `chunks` that were written anew changed older rows, and how."""
    for name, coordinates in chunks.items():
        if name not in before:
            continue
        old, new = before[name], after[name]
        assert isinstance(old, zarr.Array)
        assert isinstance(new, zarr.Array)
        for coordinate in coordinates:
            region = tuple(
                slice(i * size, min((i + 1) * size, length))
                for i, size, length in zip(coordinate, new.chunks, old.shape, strict=True)
            )
            try:
                same = np.array_equal(read(before, name, region), read(after, name, region))
            except LakeError as error:
                yield name, str(error)
                break
            if not same:
                yield name, f"{name} holds older rows that are not those of the snapshot before"
                break


def _batches(
    kind: str, keys: Sequence[str], runs: Iterator[list[int]], get: Get
) -> Iterator[tuple[int, list[Record]]]:
    """First row and records of consecutive rows, so many that memory suffices."""
    for run in runs:
        first, batch, size = run[0], list[Record](), 0
        for row in run:
            batch.append(get(kind, keys[row]))
            size += sum(array.nbytes for array in batch[-1].arrays.values())
            if size > _BATCH_BYTES:
                yield first, batch
                first, batch, size = row + 1, [], 0
        if batch:
            yield first, batch


def _edges(group: zarr.Group, kind: str, name: str, first: int, count: int) -> list[int]:
    """Where in an array the rows of `count` records begin and end."""
    column = schema_of(kind).columns.get(name)
    if column is not None and column.along:
        offsets = f"{'_'.join(column.along)}_offsets"
        found: list[int] = read(group, offsets, slice(first, first + count + 1)).tolist()
        return found
    return list(range(first, first + count + (2 if name.endswith("_offsets") else 1)))


def _first_difference(a: NDArray[Any], b: NDArray[Any], edges: list[int]) -> int | None:
    """The first of the rows between `edges` in which two arrays differ."""
    if a.shape != b.shape:
        return 0
    if np.array_equal(a, b):
        return None
    place = int(np.nonzero((a != b).reshape(len(a), -1).any(axis=1))[0][0])
    return int(np.searchsorted(edges, edges[0] + place, side="right")) - 1
