"""Snapshots: what a campaign had after each cycle, as tagged commits of an Icechunk repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import icechunk
import numpy as np
import zarr

from storage.columns import fold, rows
from storage.errors import LakeError, MissingObject
from storage.journal import Journal
from storage.keys import canonical_json
from storage.local import locked
from storage.records import FORMAT_VERSION
from storage.schemas import schema_of

_TAG = re.compile(r"(?!.*__)\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
_BRANCH = "main"

icechunk.set_logs_filter("error")  # it warns of local commits that race; ours hold a lock


@dataclass(frozen=True)
class Snapshot:
    """One tagged commit.

    Attributes
    ----------
    tag
        ``<campaign>/cycle-003``.
    id
        Icechunk's id of the commit.
    written_at
        When it was committed, UTC.
    metadata
        What the committer said of it, such as the key of the model.
    """

    tag: str
    id: str
    written_at: datetime
    metadata: dict[str, Any]


class Snapshots:
    """The committer and the readers of one repository in a local directory."""

    def __init__(self, directory: Path, journal: Journal) -> None:
        self._directory = directory
        self._journal = journal
        self._opened: icechunk.Repository | None = None

    def commit(
        self, tag: str, keys: Mapping[str, Sequence[str]], metadata: Mapping[str, Any]
    ) -> str:
        """Fold journal records into the columns, in one commit under `tag`; return its id.

        Records that an earlier commit folded are not folded again. New ones are appended sorted by
        key, so that the same commits make the same arrays. The group ``cycles/<tag>`` keeps the
        rows of all `keys`, in the order given, and `metadata`. A tag that exists already is left
        as it is.

        Parameters
        ----------
        tag
            ``<campaign>/cycle-003``.
        keys
            Keys of journal records by kind.
        metadata
            What JSON can say, such as ``{"model": key}``.
        """
        if not _TAG.fullmatch(tag):
            raise LakeError(f"{tag!r} is no tag: use letters, digits, _ . - and /, but no __")
        try:
            canonical_json(metadata)
        except (TypeError, ValueError) as error:
            raise LakeError(f"snapshot {tag}: bad metadata: {error}") from error
        with self._naming(f"snapshot {tag}"), locked(self._directory.with_suffix(".lock")):
            repository = self._create()
            self._heal(repository)
            if _reference(tag) not in repository.list_tags():
                self._write(repository, tag, keys, metadata)
                self._heal(repository)
            return str(repository.lookup_tag(_reference(tag)))

    def history(self) -> list[Snapshot]:
        """All tagged commits, oldest first."""
        repository = self._open()
        if repository is None:
            return []
        with self._naming("the history"):
            tagged = repository.list_tags()
            found = [
                Snapshot(info.metadata["tag"], info.id, info.written_at, _own(info.metadata))
                for info in repository.ancestry(branch=_BRANCH)
                if "tag" in info.metadata and _reference(info.metadata["tag"]) in tagged
            ]
        return found[::-1]

    def open(self, tag: str | None = None) -> zarr.Group:
        """Return the read-only root group of `tag`, or of the newest commit."""
        repository = self._open()
        tags = [snapshot.tag for snapshot in self.history()]
        if repository is None or not tags:
            raise MissingObject(f"{self._directory} holds no snapshot yet: finish a cycle first")
        if tag is not None and tag not in tags:
            raise MissingObject(f"no snapshot has the tag {tag!r}; there are {', '.join(tags)}")
        with self._naming(f"snapshot {tag or tags[-1]}"):
            session = repository.readonly_session(tag=_reference(tag or tags[-1]))
            return zarr.open_group(session.store, mode="r")

    @property
    def repository(self) -> icechunk.Repository | None:
        """Icechunk's repository; None before the first commit."""
        return self._open()

    def _write(
        self,
        repository: icechunk.Repository,
        tag: str,
        keys: Mapping[str, Sequence[str]],
        metadata: Mapping[str, Any],
    ) -> None:
        session = repository.writable_session(_BRANCH)
        root = zarr.open_group(session.store, mode="a")
        root.attrs.update({"tag": tag, "format": FORMAT_VERSION})
        cycle = root.create_group(f"cycles/{_reference(tag)}")
        cycle.attrs.update({"tag": tag, "metadata": dict(metadata)})
        for kind in sorted(keys):
            wanted = list(dict.fromkeys(keys[kind]))
            new = sorted(set(wanted) - rows(root, kind).keys())
            self._journal.require(kind, new)
            fold(root, kind, (self._journal.get(kind, key) for key in new))
            row_of = rows(root, kind)
            members = np.array([row_of[key] for key in wanted], dtype=np.int64)
            cycle.create_array(schema_of(kind).group, data=members)
        summary = ", ".join(f"{len(keys[kind])} {schema_of(kind).group}" for kind in sorted(keys))
        session.commit(f"{tag}: {summary}", metadata={**metadata, "tag": tag})

    def _heal(self, repository: icechunk.Repository) -> None:
        """Tag the newest commit if it was not: its committer may have been killed before."""
        newest = next(iter(repository.ancestry(branch=_BRANCH)))
        tag = newest.metadata.get("tag")
        if tag is not None and _reference(tag) not in repository.list_tags():
            repository.create_tag(_reference(tag), newest.id)

    def _create(self) -> icechunk.Repository:
        """Open the repository, made first where there is none; call it under the lock."""
        if not self._directory.exists():
            # Icechunk cannot take up a repository whose making was killed
            unfinished = self._directory.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            icechunk.Repository.create(_storage(unfinished))
            unfinished.rename(self._directory)
        repository = self._open()
        assert repository is not None
        return repository

    def _open(self) -> icechunk.Repository | None:
        if self._opened is None and self._directory.exists():
            with self._naming("the repository of snapshots"):
                self._opened = icechunk.Repository.open(_storage(self._directory))
        return self._opened

    @contextmanager
    def _naming(self, what: str) -> Iterator[None]:
        try:
            yield
        except (icechunk.IcechunkError, OSError) as error:
            reason = str(error).strip().splitlines()[-1].lstrip("`-> x").strip()
            raise LakeError(
                f"{what} in {self._directory} failed: {reason}; the journal has all records, so "
                "put right what is named here and run again"
            ) from error


def _storage(directory: Path) -> icechunk.Storage:
    return icechunk.local_filesystem_storage(str(directory))


def _reference(tag: str) -> str:
    """Icechunk's name of `tag`: it allows no slash."""
    return tag.replace("/", "__")


def _own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != "tag"}
