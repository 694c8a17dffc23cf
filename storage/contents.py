"""What a snapshot holds: which records each tag named, and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from storage.errors import LakeError
from storage.schemas import SCHEMAS, schema_of


@dataclass(frozen=True)
class ArrayInfo:
    """One array of a snapshot: its path, shape and dtype, and its units, "" for none."""

    path: str
    shape: tuple[int, ...]
    dtype: str
    units: str


class Contents:
    """A look into a snapshot, the group that `Lake.open` returns.

    Rows are appended and never changed, so the newest one knows what all tags before it named.
    """

    def __init__(self, root: zarr.Group) -> None:
        self._root = root

    def keys(self) -> dict[str, list[str]]:
        """Keys of all records by kind."""
        return keys_in(self._root)

    def members(self, tags: Iterable[str]) -> dict[str, list[str]]:
        """Keys, by kind and each once, of the records that commits under `tags` named.

        Raises
        ------
        LakeError
            If a snapshot is damaged: it names rows that it does not have.
        """
        found: dict[str, dict[str, None]] = {}
        wanted = set(tags)
        keys = self.keys()
        for tag, cycle in self._cycles():
            if tag in wanted:
                for name in cycle.array_keys():
                    kind, rows = kind_of(name), read(cycle, name).tolist()
                    if rows and not 0 <= min(rows) <= max(rows) < len(keys.get(kind, ())):
                        raise LakeError(f"snapshot {tag} names rows of {name} that are not there")
                    found.setdefault(kind, {}).update((keys[kind][row], None) for row in rows)
        return {kind: list(named) for kind, named in found.items()}

    def counts(self) -> dict[str, dict[str, int]]:
        """How many records of every kind each tag named."""
        return {
            tag: {kind_of(name): rows.shape[0] for name, rows in sorted(cycle.arrays())}
            for tag, cycle in self._cycles()
        }

    def column(self, kind: str, name: str) -> dict[str, Any]:
        """A column of one value a record, by key; empty where there is none."""
        path = f"{schema_of(kind).group}/{name}"
        if path not in self._root:
            return {}
        values = read(self._root, path).tolist()
        return dict(zip(self.keys()[kind], values, strict=True))

    def metadata(self, tag: str) -> Any:
        """What the committer said under `tag`; None if nobody committed under it."""
        return next((cycle.attrs["metadata"] for t, cycle in self._cycles() if t == tag), None)

    def arrays(self) -> Iterator[ArrayInfo]:
        """Every array of columns."""
        for _, group in sorted(self._root.groups()):
            if group.basename != "cycles":
                for name, array in sorted(group.arrays()):
                    units = str(array.attrs.get("units", ""))
                    dtype = "text" if array.dtype.kind == "T" else str(array.dtype)
                    yield ArrayInfo(f"{group.basename}/{name}", array.shape, dtype, units)

    def _cycles(self) -> Iterator[tuple[str, zarr.Group]]:
        cycles = self._root["cycles"]
        assert isinstance(cycles, zarr.Group)
        for _, cycle in sorted(cycles.groups()):
            yield str(cycle.attrs["tag"]), cycle


def kind_of(group: str) -> str:
    """Kind of the records in a group of a snapshot."""
    return next((kind for kind, schema in SCHEMAS.items() if schema.group == group), group)


def keys_in(root: zarr.Group) -> dict[str, list[str]]:
    """Keys of all rows of a snapshot by kind."""
    return {
        kind_of(name): read(group, "keys").tolist()
        for name, group in root.groups()
        if "keys" in group
    }


def read(group: zarr.Group, path: str, region: Any = slice(None)) -> NDArray[Any]:
    """A region of an array; raises `LakeError` where its bytes cannot be understood."""
    try:
        array = group[path]
        assert isinstance(array, zarr.Array)
        return np.asarray(array[region])
    except Exception as error:  # codecs raise whatever they like of bytes that are not theirs
        reason = " ".join(str(error).split()).partition("; ")[0] or type(error).__name__
        name = f"{group.basename}/{path}".lstrip("/")
        raise LakeError(f"{name} cannot be read: {reason}") from error
