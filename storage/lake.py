"""The lake: records in, snapshots out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from storage.base import Objects
from storage.blobs import Blobs
from storage.claims import Claims
from storage.errors import LakeError, MissingObject
from storage.history import Snapshot
from storage.journal import Journal
from storage.local import LocalObjects
from storage.records import Record
from storage.s3 import S3Objects

if TYPE_CHECKING:
    import icechunk
    import zarr

    from storage.snapshots import Snapshots

_MARKER = "lake.json"
_FORMAT = "nearsight-lake"
_VERSION = 2
"""Of the layout: 1 had the snapshots in one fixed folder, since 2 `snapshots.json` names it."""


class Lake:
    """Everything that campaigns computed, in one directory or below one prefix of an S3 bucket.

    `open_lake` opens it. Any number of processes may put, get and commit at once. Opening one is
    cheap, so workers open their own by `url` and nothing but keys need travel to them.

    Attributes
    ----------
    url
        What `open_lake` opens it by.
    objects
        All journal records and blobs as they lie, for checks and clean-up.
    claims
        Who is at which record that is not there yet.
    """

    def __init__(self, url: str | Path) -> None:
        self.objects = _objects(url)
        self.url = self.objects.url
        self._journal = Journal(self.objects)
        self._blobs = Blobs(self.objects)
        self.claims = Claims(self.objects)

    def __repr__(self) -> str:
        return f"Lake({self.url!r})"

    def __reduce__(self) -> tuple[type[Lake], tuple[str]]:
        return Lake, (self.url,)

    def put(self, record: Record) -> bool:
        """Keep `record` durably; False, and nothing changed, when its key was there already."""
        return self._journal.put(record)

    def get(self, kind: str, key: str) -> Record:
        """Return a record; raises `MissingObject` or `CorruptObject`."""
        return self._journal.get(kind, key)

    def has(self, kind: str, key: str) -> bool:
        return self._journal.has(kind, key)

    def keys(self, kind: str) -> list[str]:
        """Keys of all records of `kind`, sorted."""
        return self._journal.keys(kind)

    def kinds(self) -> list[str]:
        """Kinds that have records, sorted."""
        return self._journal.kinds()

    def missing(self, kind: str, keys: Iterable[str]) -> list[str]:
        """Those of `keys` that have no record, each once, in the order given: the work to do."""
        return self._journal.missing(kind, keys)

    def put_blob(self, name: str, data: bytes) -> bool:
        """Keep `data` durably; False, and nothing changed, when `name` was there already."""
        return self._blobs.put(name, data)

    def get_blob(self, name: str) -> bytes:
        """Return a blob; raises `MissingObject` or `CorruptObject`."""
        return self._blobs.get(name)

    def has_blob(self, name: str) -> bool:
        return self._blobs.has(name)

    def blobs(self) -> list[str]:
        """Names of all blobs, sorted."""
        return self._blobs.names()

    def commit(
        self,
        tag: str,
        keys: Mapping[str, Sequence[str]],
        metadata: Mapping[str, Any] | None = None,
    ) -> str:
        """Fold journal records, by kind, into one commit under `tag`; return its id.

        A tag that exists is left as it is, so a restarted campaign commits again at no cost.
        """
        return self._snapshots.commit(tag, keys, metadata or {})

    def history(self) -> list[Snapshot]:
        """All tagged snapshots with their metadata, oldest first."""
        return self._snapshots.history()

    def tags(self) -> list[str]:
        """Tags of all snapshots, oldest first."""
        return [snapshot.tag for snapshot in self.history()]

    def open(self, tag: str | None = None) -> zarr.Group:
        """Return the read-only root group of `tag`, or of the newest snapshot."""
        return self._snapshots.open(tag)

    @property
    def repository(self) -> icechunk.Repository | None:
        """Icechunk's repository, for checks and clean-up; None before the first snapshot."""
        return self._snapshots.repository

    @cached_property
    def _snapshots(self) -> Snapshots:
        from storage.snapshots import Snapshots  # workers that put and get need no Zarr

        return Snapshots(self.objects, self._journal)


def open_lake(url: str | Path, mode: Literal["a", "r"] = "a") -> Lake:
    """Open the lake at `url`: a directory, a ``file://`` address, or ``s3://bucket/prefix``.

    Endpoint, region and credentials of S3 come from the usual AWS variables, or from the profile
    that AWS_PROFILE names.

    Parameters
    ----------
    url
        Where the lake is.
    mode
        "a" makes the lake where there is none, and wants to write; "r" only reads one that is
        there, also from a read-only place.
    """
    lake = Lake(url)
    found = _check_marker(lake.objects)
    if not found and mode == "r":
        raise LakeError(f"there is no lake at {lake.url}: check the path")
    if mode == "a":
        lake.objects.check_writable()
    if not found:
        _found(lake.objects)
        _check_marker(lake.objects)
    return lake


def _objects(url: str | Path) -> Objects:
    if isinstance(url, Path) or "://" not in url:
        root = Path(url).expanduser().absolute()
    else:
        address = urlsplit(url)
        if address.scheme == "s3":
            return S3Objects(url)
        if address.scheme != "file" or address.netloc not in ("", "localhost"):
            raise LakeError(
                f"{url}: a lake is a directory, a file:// address or s3://bucket/prefix"
            )
        root = Path(unquote(address.path))
    if root.is_file():
        raise LakeError(f"{root} is a file, not a lake: name a directory")
    return LocalObjects(root)


def _found(objects: Objects) -> None:
    """Make a lake where nothing is."""
    stranger = objects.stranger()
    if stranger is not None and not objects.exists(_MARKER):
        raise LakeError(
            f"{objects.url} is not empty and no lake (it holds {stranger}): name another place"
        )
    marker = {"format": _FORMAT, "version": _VERSION}
    objects.create(_MARKER, json.dumps(marker).encode() + b"\n")


def _check_marker(objects: Objects) -> bool:
    """Whether a lake is here; one that this code cannot follow is refused."""
    name = f"{objects.url}/{_MARKER}"
    try:
        marker = json.loads(objects.read(_MARKER))
        version = int(marker["version"]) if marker["format"] == _FORMAT else 0
    except MissingObject:
        return False
    except (ValueError, KeyError, TypeError) as error:
        raise LakeError(f"{name} could not be read: {error}") from error
    if version < 1:
        raise LakeError(f"{name} is not that of a lake: name another place")
    if version > _VERSION:
        raise LakeError(
            f"the lake {objects.url} has format {version} and this Nearsight knows up to "
            f"{_VERSION}: update Nearsight"
        )
    return True
