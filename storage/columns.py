"""Columns: records end to end in the Zarr arrays of a snapshot.

A group holds, for n records: ``keys`` (n,) and ``metadata`` (n,) as text; a column of fixed shape
as (n, …); a ragged column flat, record i in rows ``offsets[i]:offsets[i + 1]`` of the array
``<dimensions>_offsets`` (n + 1,), such as ``atom_offsets`` or ``frame_atom_offsets``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from storage.keys import canonical_json
from storage.records import Record
from storage.schemas import Column, schema_of, sizes

CHUNK_BYTES = 4 << 20
_BATCH_BYTES = 64 << 20
_TEXT_BYTES = 256
_TRAILING = ("row", "xyz")


def rows(root: zarr.Group, kind: str) -> dict[str, int]:
    """Key to row of every record of `kind` that `root` holds."""
    group = schema_of(kind).group
    if f"{group}/keys" not in root:
        return {}
    return {str(key): row for row, key in enumerate(_read(root, f"{group}/keys"))}


def fold(root: zarr.Group, kind: str, records: Iterable[Record]) -> None:
    """Append `records`, all of `kind`, to the columns of their group."""
    schema = schema_of(kind)
    group = root.require_group(schema.group)
    for batch in _batches(records):
        extents = [sizes(record) for record in batch]
        _append(group, "keys", [record.key for record in batch], kind)
        _append(group, "metadata", [canonical_json(record.metadata) for record in batch], kind)
        for along in dict.fromkeys(c.along for c in schema.columns.values() if c.along):
            _append_offsets(group, along, [_length(along, extent) for extent in extents], kind)
        for name, column in schema.columns.items():
            _append_column(group, name, column, batch, extents, kind)


def _append_column(
    group: zarr.Group,
    name: str,
    column: Column,
    batch: list[Record],
    extents: list[dict[str, int]],
    kind: str,
) -> None:
    values = [(r.metadata if column.metadata else r.arrays).get(name) for r in batch]
    if column.dtype == "string":
        texts = [_texts(value, column) for value in values]
        _append(group, name, [text for part in texts for text in part], kind, column.along)
        return
    if column.optional:
        present = np.array([value is not None for value in values])
        _append(group, f"has_{name}", present, kind)
    blocks = []
    for value, extent in zip(values, extents, strict=True):
        lengths = [_length(column.along, extent)] if column.along else []
        block = np.zeros((*lengths, *column.shape), column.dtype)
        if value is not None:
            block[...] = np.reshape(value, block.shape)
        blocks.append(block)
    joined = np.concatenate(blocks) if column.along else np.stack(blocks)
    _append(group, name, joined, kind, column.along)


def _append_offsets(
    group: zarr.Group, along: tuple[str, ...], lengths: list[int], kind: str
) -> None:
    name = f"{'_'.join(along)}_offsets"
    if name not in group:
        _append(group, name, np.zeros(1, np.int64), f"{kind}_edge")
    start = int(_read(group, name, -1))
    _append(group, name, start + np.cumsum(lengths, dtype=np.int64), f"{kind}_edge")


def _append(
    group: zarr.Group,
    name: str,
    data: NDArray[Any] | list[str],
    kind: str,
    along: tuple[str, ...] = (),
) -> None:
    text = isinstance(data, list)
    block = np.array(data, dtype=np.dtypes.StringDType()) if isinstance(data, list) else data
    if name not in group:
        trailing = block.shape[1:]
        row_bytes = _TEXT_BYTES if text else block.dtype.itemsize * math.prod(trailing)
        group.create_array(
            name,
            shape=(0, *trailing),
            chunks=(CHUNK_BYTES // row_bytes, *trailing),
            dtype=block.dtype,
            compressors="auto" if text else BloscCodec(cname="zstd", clevel=3, shuffle="shuffle"),
            dimension_names=("_".join(along) or kind, *_TRAILING[2 - len(trailing) :]),
        )
    array = group[name]
    assert isinstance(array, zarr.Array)
    array.append(block)


def _read(group: zarr.Group, name: str, selection: Any = slice(None)) -> Any:
    array = group[name]
    assert isinstance(array, zarr.Array)
    return array[selection]


def _texts(value: Any, column: Column) -> list[str]:
    if column.along:
        return [] if value is None else [str(text) for text in np.asarray(value, dtype=str).flat]
    if value is None:
        return [""]
    return [value if isinstance(value, str) else canonical_json(value)]


def _length(along: tuple[str, ...], extent: Mapping[str, int]) -> int:
    return math.prod(extent.get(dimension, 0) for dimension in along)


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += sum(array.nbytes for array in record.arrays.values())
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
