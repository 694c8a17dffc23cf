"""The journal: immutable records, one object each, under ``journal/<kind>/<aa>/<key>``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from storage.base import Objects
from storage.errors import MissingObject
from storage.records import Record, check_name, decode, encode, is_key
from storage.schemas import check

_LIST_ABOVE = 500
"""From so many keys on, listing a kind is cheaper than asking for each of them."""

T = TypeVar("T")


class Journal:
    """Records that are written once and never again."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, record: Record) -> bool:
        """Keep `record` durably; False, and nothing changed, when its key was there already."""
        check(record)
        return self._objects.create(_name(record.kind, record.key), encode(record))

    def get(self, kind: str, key: str) -> Record:
        """Return a record, its checksum verified."""
        name = _name(kind, key)
        return decode(self._objects.read(name), name)

    def get_all(self, kind: str, keys: Sequence[str]) -> Iterator[Record]:
        """Records of all `keys`, in their order; few of them are in memory at a time."""
        return self._ask_all(lambda key: self.get(kind, key), keys)

    def has(self, kind: str, key: str) -> bool:
        return self._objects.exists(_name(kind, key))

    def keys(self, kind: str) -> list[str]:
        """Keys of all records of `kind`, sorted."""
        names = self._objects.names(f"journal/{kind}")
        return sorted(key for name in names if is_key(key := name.rpartition("/")[2]))

    def kinds(self) -> list[str]:
        """Kinds that have records, sorted."""
        folders = self._objects.folders("journal")
        return sorted(kind for kind in folders if any(self._objects.names(f"journal/{kind}")))

    def missing(self, kind: str, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that have no record, each once, in the order given: the work to do."""
        wanted = list(dict.fromkeys(keys))
        if len(wanted) < _LIST_ABOVE:
            held = self._ask_all(lambda key: self.has(kind, key), wanted)
            return [key for key, is_held in zip(wanted, held, strict=True) if not is_held]
        present = set(self.keys(kind))
        return [key for key in wanted if key not in present]

    def require(self, kind: str, keys: Iterable[str]) -> None:
        """Raise `MissingObject` unless every one of `keys` has a record."""
        if absent := self.missing(kind, keys):
            raise MissingObject(
                f"{len(absent)} {kind} records are not in the journal, the first {absent[0]}: "
                "finish the work that makes them"
            )

    def _ask_all(self, ask: Callable[[str], T], keys: Sequence[str]) -> Iterator[T]:
        """Answers of `ask` for all `keys`, in their order, some of them asked for at a time."""
        if self._objects.at_once == 1:
            yield from map(ask, keys)
            return
        with ThreadPoolExecutor(self._objects.at_once) as pool:
            for start in range(0, len(keys), self._objects.at_once):
                yield from pool.map(ask, keys[start : start + self._objects.at_once])


def _name(kind: str, key: str) -> str:
    check_name(kind, key)
    return f"journal/{kind}/{key[:2]}/{key}"
