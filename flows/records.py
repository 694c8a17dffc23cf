"""Records of a lake as the command line shows them."""

from __future__ import annotations

from typing import Any

from storage import Lake, MissingObject, Record
from storage.origin import origin_of, told
from storage.schemas import schema_of


def find(lake: Lake, prefix: str) -> Record:
    """The one record whose key begins with `prefix`.

    Raises
    ------
    MissingObject
        If there is none, or more than one.
    """
    found = [
        (kind, key) for kind in lake.kinds() for key in lake.keys(kind) if key.startswith(prefix)
    ]
    if not found:
        raise MissingObject(
            f"nothing in the lake {lake.url} has the tag {prefix!r} or a key that begins with it; "
            "`nearsight lake log` lists the tags, and `nearsight lake show TAG` what they hold"
        )
    if len(found) > 1:
        names = ", ".join(f"{kind} {key[:12]}" for kind, key in found[:5])
        more = ", ..." if len(found) > 5 else ""
        raise MissingObject(
            f"{len(found)} records have keys that begin with {prefix!r} ({names}{more}): give more "
            "of the key"
        )
    return lake.get(*found[0])


def show(record: Record) -> dict[str, Any]:
    """Everything `nearsight lake show` prints of a record.

    Returns
    -------
    dict
        `kind`, `key` and `metadata`; `origin`: the `spec` and the `inputs`, keys, that make its
        key, None where an older Nearsight wrote it; `arrays`: `name`, `shape`, `dtype` and
        `units` of each, "" where there are none or nobody declared them.
    """
    origin, columns = origin_of(record), schema_of(record.kind).columns
    return {
        "kind": record.kind,
        "key": record.key,
        "metadata": told(record),
        "origin": origin and {"spec": origin.spec, "inputs": list(origin.inputs)},
        "arrays": [
            {
                "name": name,
                "shape": list(array.shape),
                "dtype": "text" if array.dtype.kind in "SU" else str(array.dtype),
                "units": columns[name].unit if name in columns else "",
            }
            for name, array in sorted(record.arrays.items())
        ],
    }
