"""The lake: records in, snapshots out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import icechunk
import zarr

from storage.base import Objects
from storage.blobs import Blobs
from storage.errors import LakeError
from storage.journal import Journal
from storage.local import TEMPORARY, LocalObjects
from storage.records import FORMAT_VERSION, Record
from storage.snapshots import Snapshot, Snapshots

_MARKER = "lake.json"
_FORMAT = "nearsight-lake"


class Lake:
    """Everything that campaigns computed, in one directory; `open_lake` opens it.

    Any number of processes may put and get at once. Opening one costs two file operations, so
    workers open their own by `url` and nothing but keys need travel to them.

    Attributes
    ----------
    url
        What `open_lake` opens it by.
    objects
        All journal records and blobs as they lie, for checks and clean-up.
    """

    def __init__(self, root: Path) -> None:
        self.objects: Objects = LocalObjects(root)
        self.url = str(root)
        self._journal = Journal(self.objects)
        self._blobs = Blobs(self.objects)
        self._snapshots = Snapshots(root / "snapshots", self._journal)

    def __repr__(self) -> str:
        return f"Lake({self.url!r})"

    def __reduce__(self) -> tuple[type[Lake], tuple[Path]]:
        return Lake, (Path(self.url),)

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


def open_lake(url: str | Path, mode: Literal["a", "r"] = "a") -> Lake:
    """Open the lake at `url`, a directory or ``file://`` address.

    Parameters
    ----------
    url
        Where the lake is.
    mode
        "a" makes the lake where there is none, and wants to write; "r" only reads one that is
        there, also from a read-only directory.
    """
    root = _directory(url)
    if root.exists() and not root.is_dir():
        raise LakeError(f"{root} is a file, not a lake: name a directory")
    if not (root / _MARKER).exists():
        if mode == "r":
            raise LakeError(f"there is no lake at {root}: check the path")
        _found(root)
    _check_marker(root)
    if mode == "a" and not os.access(root, os.W_OK | os.X_OK, effective_ids=True):
        raise LakeError(
            f"the lake {root} is read-only for this user: make it writable, open it to read, or "
            "choose another"
        )
    return Lake(root)


def _directory(url: str | Path) -> Path:
    if isinstance(url, Path) or "://" not in url:
        return Path(url).expanduser().absolute()
    address = urlsplit(url)
    if address.scheme == "s3":
        raise LakeError(f"{url}: lakes on S3 come later; name a local directory for now")
    if address.scheme != "file" or address.netloc not in ("", "localhost"):
        raise LakeError(f"{url}: a lake is a local directory or a file:// address")
    return Path(unquote(address.path))


def _found(root: Path) -> None:
    """Make a lake in an empty or new directory."""
    try:
        strangers = sorted(p.name for p in root.iterdir()) if root.exists() else []
    except OSError as error:
        raise LakeError(f"{root} could not be read: {error.strerror}") from error
    strangers = [name for name in strangers if not name.startswith(TEMPORARY)]
    if strangers and not (root / _MARKER).exists():
        raise LakeError(
            f"{root} is not empty and no lake (it holds {strangers[0]}): name another directory"
        )
    marker = {"format": _FORMAT, "version": FORMAT_VERSION}
    LocalObjects(root).create(_MARKER, json.dumps(marker).encode() + b"\n")


def _check_marker(root: Path) -> None:
    try:
        marker = json.loads((root / _MARKER).read_bytes())
        version = int(marker["version"]) if marker["format"] == _FORMAT else 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LakeError(f"{root / _MARKER} could not be read: {error}") from error
    if version < 1:
        raise LakeError(f"{root / _MARKER} is not that of a lake: name another directory")
    if version > FORMAT_VERSION:
        raise LakeError(
            f"the lake {root} has format {version} and this Nearsight knows up to "
            f"{FORMAT_VERSION}: update Nearsight"
        )
