"""Whether two lakes hold the same, but for how long the work took."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import zarr

from storage import Lake

_TIMES = "seconds"

Rows = Mapping[str, Any]
"""A column by key of the record, in the order of its rows; or what a tag names."""


def differences(lake: Lake, twin: Lake, rivals: Sequence[str] = ()) -> Iterator[str]:
    """What differs between the journals, the blobs and the newest snapshots of two lakes.

    Parameters
    ----------
    rivals
        Tags that others committed to `lake`: they may have folded more, and in another order.
    """
    where = f"{lake.url} differs from {twin.url}:"
    for kind in sorted({*lake.kinds(), *twin.kinds()}):
        if lake.keys(kind) != twin.keys(kind):
            yield f"{where} {kind} records"
    if lake.blobs() != twin.blobs():
        yield f"{where} blobs"
    elif other := [name for name in lake.blobs() if lake.get_blob(name) != twin.get_blob(name)]:
        yield f"{where} content of the blobs {', '.join(other)}"
    if set(lake.tags()) != {*twin.tags(), *rivals}:
        yield f"{where} tags {', '.join(lake.tags())}"
        return
    here, there = (dict(_columns(each.open(twin.tags()[-1]))) for each in (lake, twin))
    for path in sorted(here.keys() | there.keys()):
        rows, wanted = here.get(path, {}), there.get(path, {})
        if rivals:
            rows = {key: rows[key] for key in wanted if key in rows}
        if list(rows) != list(wanted) or not all(map(_equal, rows.values(), wanted.values())):
            yield f"{where} {path} of snapshot {twin.tags()[-1]}"


def _columns(root: zarr.Group) -> Iterator[tuple[str, Rows]]:
    """Path and rows of every column but times, and of what every tag names."""
    keys: dict[str, list[str]] = {}
    for name, group in root.groups():
        if name != "cycles":
            keys[name] = group["keys"][:].tolist()
            for column, values in _values(group):
                yield f"{name}/{column}", dict(zip(keys[name], values, strict=True))
    for name, cycle in root["cycles"].groups():
        members = sorted(cycle.arrays())
        named = {kind: [keys[kind][row] for row in rows[:]] for kind, rows in members}
        yield f"cycles/{name}", {"attributes": dict(cycle.attrs), **named}


def _values(group: zarr.Group) -> Iterator[tuple[str, Sequence[Any]]]:
    for name, array in group.arrays():
        if name == _TIMES or name.endswith("_offsets"):
            continue
        offsets = f"{array.metadata.dimension_names[0]}_offsets"
        if offsets in group:
            yield name, np.split(array[:], group[offsets][1:-1])
        elif name == "metadata":
            yield name, [_timeless(json.loads(text)) for text in array[:].tolist()]
        else:
            yield name, array[:]


def _timeless(metadata: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != _TIMES}


def _equal(here: Any, there: Any) -> bool:
    if isinstance(here, np.ndarray):
        return here.dtype == there.dtype and np.array_equal(here, there)
    return bool(here == there)
