"""Columns: records end to end in the Zarr arrays of a snapshot.

A group holds, for n records: ``keys`` (n,) and ``metadata`` (n,) as text; a column of fixed shape
as (n, …); a ragged column flat, record i in rows ``offsets[i]:offsets[i + 1]`` of the array
``<dimensions>_offsets`` (n + 1,), such as ``atom_offsets`` or ``frame_atom_offsets``. The
attributes of the group are the kind of its records and the versions of their form and their keys;
those of an array are its ``units``.

Chunks and codecs are chosen when an array is made and stand in it: what an older Nearsight began
is continued as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import BloscCodec

from storage.keys import SCHEMA_VERSION, canonical_json
from storage.records import FORMAT_VERSION, Record
from storage.schemas import Column, schema_of, sizes

_CHUNK_ROWS = {"atom": 1 << 17, "feature": 1 << 20}
"""Rows of a chunk by the last dimension of a ragged column: 3 MB of positions. All columns along
one dimension share them, so that Dask need not cut chunks anew."""

_FEW_ROWS = 1 << 14
_PACKED = BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
_BATCH_BYTES = 64 << 20
_TRAILING = ("row", "xyz")


def rows(root: zarr.Group, kind: str) -> dict[str, int]:
    """Key to row of every record of `kind` that `root` holds."""
    name = f"{schema_of(kind).group}/keys"
    if name not in root:
        return {}
    keys = root[name]
    assert isinstance(keys, zarr.Array)
    return {key: row for row, key in enumerate(np.asarray(keys[:]).tolist())}


def fold(root: zarr.Group, kind: str, records: Iterable[Record]) -> None:
    """Append `records`, all of `kind`, to the columns of their group."""
    group = root.require_group(schema_of(kind).group)
    group.attrs.update({"kind": kind, "format": FORMAT_VERSION, "schema": SCHEMA_VERSION})
    for batch in _batches(records):
        _append(group, kind, batch)


def _append(group: zarr.Group, kind: str, batch: list[Record]) -> None:
    columns = schema_of(kind).columns
    extents = [sizes(record) for record in batch]
    arrays = dict(group.arrays())
    write = partial(_write, group, arrays)
    count = arrays["keys"].shape[0] if "keys" in arrays else 0
    starts: dict[tuple[str, ...], int] = {(): count}
    lengths: dict[tuple[str, ...], list[int]] = {}
    for along in dict.fromkeys(column.along for column in columns.values() if column.along):
        name = f"{'_'.join(along)}_offsets"
        starts[along] = int(np.asarray(arrays[name][-1])) if name in arrays else 0
        lengths[along] = [math.prod(e.get(dimension, 0) for dimension in along) for e in extents]
        edges = np.cumsum([starts[along], *lengths[along]], dtype=np.int64)
        write(name, count, edges, f"{kind}_edge")
    write("keys", count, _text([record.key for record in batch]), kind)
    write("metadata", count, _text([canonical_json(r.metadata) for r in batch]), kind)
    for name, column in columns.items():
        values = [(r.metadata if column.metadata else r.arrays).get(name) for r in batch]
        if column.optional and column.dtype != "string":
            present = np.array([value is not None for value in values])
            write(f"has_{name}", count, present, kind)
        block = _join(column, values, lengths.get(column.along, []))
        write(name, starts[column.along], block, "_".join(column.along) or kind, column.unit)


def _join(column: Column, values: list[Any], lengths: list[int]) -> NDArray[Any]:
    """Values of consecutive records end to end, blank where a record has none."""
    if column.dtype == "string":
        return _text([text for value in values for text in _texts(value, column)])
    if not column.along:
        blank = np.zeros(column.shape)
        return np.array([blank if value is None else value for value in values], column.dtype)
    blocks = []
    for value, length in zip(values, lengths, strict=True):
        shape = (length, *column.shape)
        blocks.append(np.zeros(shape, bool) if value is None else value.reshape(shape))
    return np.concatenate(blocks, dtype=column.dtype, casting="same_kind")


def _write(
    group: zarr.Group,
    arrays: Mapping[str, zarr.Array[Any]],
    name: str,
    start: int,
    block: NDArray[Any],
    dimension: str,
    unit: str = "",
) -> None:
    """Put `block` into one of the `arrays` of `group` from row `start` on.

    An array that is not there yet is made, and rows that are older than it are blank.
    """
    array = arrays.get(name)
    shape = (start + len(block), *block.shape[1:])
    if array is None:
        text = block.dtype.kind == "T"
        rows = _CHUNK_ROWS.get(dimension.rpartition("_")[2], _FEW_ROWS)
        array = group.create_array(
            name,
            shape=shape,
            chunks=(rows, *shape[1:]),
            dtype=block.dtype,
            compressors="auto" if text else _PACKED,
            dimension_names=(dimension, *_TRAILING[3 - len(shape) :]),
            attributes={"units": unit} if unit else {},
        )
    else:
        array.resize(shape)
    array[start:] = block


def _text(texts: list[str]) -> NDArray[Any]:
    return np.array(texts, dtype=np.dtypes.StringDType())


def _texts(value: Any, column: Column) -> list[str]:
    if column.along:
        return [] if value is None else [str(text) for text in np.asarray(value, dtype=str).flat]
    if value is None:
        return [""]
    return [value if isinstance(value, str) else canonical_json(value)]


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
