"""Snapshots: what a campaign had after each cycle, as tagged commits of an Icechunk repository.

The repository lies in the folder that ``snapshots.json`` names, or, in lakes of format 1, in
``snapshots`` itself.
"""

from __future__ import annotations

import json
import pickle
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import icechunk
import numpy as np
import zarr

from storage.base import Objects
from storage.columns import fold, rows
from storage.errors import LakeError, MissingObject
from storage.history import Snapshot
from storage.journal import Journal
from storage.keys import canonical_json
from storage.patience import patiently
from storage.patient_store import PatientStore
from storage.records import FORMAT_VERSION
from storage.schemas import schema_of

_POINTER = "snapshots.json"
_FOLDER = "snapshots"
_FOLDER_OF_FORMAT_1 = f"{_FOLDER}/refs/branch.main/ref.json"
_TAG = re.compile(r"(?!.*__)\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
_BRANCH = "main"
_FEW_TRIES = icechunk.RepositoryConfig(
    storage=icechunk.StorageSettings(
        retries=icechunk.StorageRetriesSettings(
            max_tries=3, initial_backoff_ms=100, max_backoff_ms=1000
        )
    )
)
"""Icechunk retries a hiccup; `storage.patience` waits for a store that is away."""

T = TypeVar("T")

icechunk.set_logs_filter("off")  # what goes wrong is raised, and waiting is ours to tell


class Snapshots:
    """The committer and the readers of one repository."""

    def __init__(self, objects: Objects, journal: Journal) -> None:
        self._objects = objects
        self._journal = journal
        self._opened: icechunk.Repository | None = None

    def commit(
        self, tag: str, keys: Mapping[str, Sequence[str]], metadata: Mapping[str, Any]
    ) -> str:
        """Fold journal records into the columns, in one commit under `tag`; return its id.

        Records that an earlier commit folded are not folded again. New ones are appended sorted by
        key, so that the same commits make the same arrays. The group ``cycles/<tag>`` keeps the
        rows of all `keys`, in the order given, and `metadata`. A tag that exists already is left
        as it is. Committers that come at once all get in, one after another.

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
        with self._objects.alone():
            return self._try(f"snapshot {tag}", lambda: self._commit(tag, keys, metadata))

    def history(self) -> list[Snapshot]:
        """All tagged commits, oldest first."""
        return self._try("the history", self._history)

    def open(self, tag: str | None = None) -> zarr.Group:
        """Return the read-only root group of `tag`, or of the newest commit."""
        tags = [snapshot.tag for snapshot in self.history()]
        repository = self.repository
        if repository is None or not tags:
            raise MissingObject(f"{self._objects.url} holds no snapshot yet: finish a cycle first")
        if tag is not None and tag not in tags:
            raise MissingObject(f"no snapshot has the tag {tag!r}; there are {', '.join(tags)}")
        name = tag or tags[-1]
        return self._try(
            f"snapshot {name}",
            lambda: self._group(repository.readonly_session(tag=_reference(name)), name),
        )

    @property
    def repository(self) -> icechunk.Repository | None:
        """Icechunk's repository; None before the first commit."""
        return self._try("the repository of snapshots", self._open)

    def _commit(
        self, tag: str, keys: Mapping[str, Sequence[str]], metadata: Mapping[str, Any]
    ) -> str:
        """Commit on the newest commit, again and again if others were faster, until it is tagged.

        Whoever builds on a commit tags it first, for its committer may have been killed before:
        all commits but the newest have their tags.
        """
        repository = self._open() or self._create()
        while True:
            session = repository.writable_session(_BRANCH)
            _heal(repository, session.snapshot_id)
            if _reference(tag) in repository.list_tags():
                return str(repository.lookup_tag(_reference(tag)))
            root = self._group(session, tag, mode="a")
            if f"cycles/{_reference(tag)}" in root:
                return _committed(repository, tag)
            self._fold(root, tag, keys, metadata)
            summary = ", ".join(f"{len(keys[k])} {schema_of(k).group}" for k in sorted(keys))
            try:
                session.commit(f"{tag}: {summary}", metadata={**metadata, "tag": tag})
            except icechunk.ConflictError:
                continue

    def _fold(
        self,
        root: zarr.Group,
        tag: str,
        keys: Mapping[str, Sequence[str]],
        metadata: Mapping[str, Any],
    ) -> None:
        root.attrs.update({"tag": tag, "format": FORMAT_VERSION})
        cycle = root.create_group(f"cycles/{_reference(tag)}")
        cycle.attrs.update({"tag": tag, "metadata": dict(metadata)})
        for kind in sorted(keys):
            wanted = list(dict.fromkeys(keys[kind]))
            new = sorted(set(wanted) - rows(root, kind).keys())
            self._journal.require(kind, new)
            fold(root, kind, self._journal.get_all(kind, new))
            row_of = rows(root, kind)
            members = np.array([row_of[key] for key in wanted], dtype=np.int64)
            cycle.create_array(schema_of(kind).group, data=members, dimension_names=(kind,))

    def _history(self) -> list[Snapshot]:
        repository = self._open()
        if repository is None:
            return []
        tagged = repository.list_tags()
        found = [
            Snapshot(info.metadata["tag"], info.id, info.written_at, _own(info.metadata))
            for info in repository.ancestry(branch=_BRANCH)
            if "tag" in info.metadata and _reference(info.metadata["tag"]) in tagged
        ]
        return found[::-1]

    def _group(
        self, session: icechunk.Session, tag: str, mode: Literal["a", "r"] = "r"
    ) -> zarr.Group:
        store = PatientStore(session.store, self._objects, f"snapshot {tag}")
        return zarr.open_group(store, mode=mode)

    def _create(self) -> icechunk.Repository:
        """Make the repository in a folder of its own, and then point to it.

        Icechunk cannot take up a repository whose making was killed, nor one that two make.
        """
        folder = f"{_FOLDER}/{uuid.uuid4().hex}"
        storage = self._objects.storage(folder)
        try:
            icechunk.Repository.create(storage)
        except icechunk.IcechunkError:
            if not icechunk.Repository.exists(storage):  # it may be the answer that was lost
                raise
        pointer = json.dumps({"repository": folder}).encode() + b"\n"
        if not self._objects.create(_POINTER, pointer) and self._folder() != folder:
            for name in self._objects.names(folder):
                self._objects.delete(name)
        repository = self._open()
        assert repository is not None
        return repository

    def _open(self) -> icechunk.Repository | None:
        if self._opened is None and (folder := self._folder()) is not None:
            storage = self._objects.storage(folder)
            repository = icechunk.Repository.open(storage, config=_FEW_TRIES)
            # Its client has begun with the retries by default; that of a copy begins with these
            self._opened = pickle.loads(pickle.dumps(repository))
        return self._opened

    def _folder(self) -> str | None:
        try:
            return str(json.loads(self._objects.read(_POINTER))["repository"])
        except MissingObject:
            return _FOLDER if self._objects.exists(_FOLDER_OF_FORMAT_1) else None
        except (ValueError, KeyError, TypeError) as error:
            raise LakeError(
                f"{self._objects.url}/{_POINTER} is damaged: put back a copy, or write into it "
                '{"repository": "snapshots/..."} with the name of the folder that is there'
            ) from error

    def _try(self, what: str, attempt: Callable[[], T]) -> T:
        """Return what `attempt` returns, waiting while the store is away."""

        def explained() -> T:
            try:
                return attempt()
            except (icechunk.IcechunkError, OSError) as error:
                raise self._objects.explain(what, str(error)) from None

        return patiently(self._objects.store, explained)


def _heal(repository: icechunk.Repository, commit: str) -> None:
    """Tag a commit if it was not: its committer may have been killed before."""
    tag = next(iter(repository.ancestry(snapshot_id=commit))).metadata.get("tag")
    if tag is not None and _reference(tag) not in repository.list_tags():
        _mark(repository, tag, commit)


def _committed(repository: icechunk.Repository, tag: str) -> str:
    """The commit of a tag that a store which has just started does not list yet."""
    commit = next(
        str(info.id)
        for info in repository.ancestry(branch=_BRANCH)
        if info.metadata.get("tag") == tag
    )
    _mark(repository, tag, commit)
    return commit


def _mark(repository: icechunk.Repository, tag: str, commit: str) -> None:
    """Tag a commit, unless somebody did."""
    try:
        repository.create_tag(_reference(tag), commit)
    except icechunk.IcechunkError:
        if repository.lookup_tag(_reference(tag)) != commit:
            raise


def _reference(tag: str) -> str:
    """Icechunk's name of `tag`: it allows no slash."""
    return tag.replace("/", "__")


def _own(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name != "tag"}
