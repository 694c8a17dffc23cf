"""Audits: whether everything that a lake holds is as it was written, and all of it is there."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import icechunk
import zarr

from storage.compare import against_forerunner, against_records
from storage.contents import Contents
from storage.errors import LakeError
from storage.history import Snapshot
from storage.lake import Lake
from storage.links import WITH_BLOBS, Reference, owner, references
from storage.origin import geometry_key, origin_of, rehash
from storage.records import Record, is_key
from storage.schemas import check

_ANEW = "delete it and run again what made it, or put back a copy"
SNAPSHOTS_ANEW = (
    "put back a copy of the folder snapshots, or delete it and snapshots.json and run campaigns "
    "and imports again: all snapshots are made anew from the journal"
)
"""The way out where snapshots are damaged."""


@dataclass(frozen=True)
class Defect:
    """What is wrong with one object of a lake.

    Attributes
    ----------
    object
        Its name, such as ``journal/label/ab/ab12…`` or ``snapshot demo/cycle-001``.
    sentence
        What is wrong with it, and the way out.
    """

    object: str
    sentence: str


@dataclass(frozen=True)
class Audit:
    """What an audit went through, and what it found.

    Attributes
    ----------
    records, blobs, snapshots
        How many there are, damaged ones too.
    rehashed
        Records whose keys were computed anew.
    older
        Records whose keys could not be: an older Nearsight did not keep what they are made of.
    defects
        None of them if all is well.
    """

    records: int
    blobs: int
    snapshots: int
    rehashed: int
    older: int
    defects: tuple[Defect, ...]


def audit(lake: Lake, tell: Callable[[str, float], None] = lambda stage, fraction: None) -> Audit:
    """Check every checksum, key, reference, and row of every snapshot of a lake.

    Parameters
    ----------
    tell
        Told the stage, "records", "blobs" or "snapshots", and the fraction of it that is done.
    """
    return _Auditor(lake, tell).audit()


class _Auditor:
    def __init__(self, lake: Lake, tell: Callable[[str, float], None]) -> None:
        self._lake = lake
        self._tell = tell
        self._defects: list[Defect] = []
        self._present: dict[str, set[str]] = defaultdict(set)
        self._sound: dict[str, set[str]] = defaultdict(set)
        self._wanted: dict[Reference, str] = {}
        self._packages: dict[str, str] = {}
        self._rehashed = self._older = 0

    def audit(self) -> Audit:
        records = self._each("records", list(self._lake.objects.names("journal")), self._record)
        names = self._lake.blobs()
        blobs = self._each("blobs", names, self._blob)
        self._without_blob({owner(name) for name in names})
        snapshots = self._snapshots()
        self._missing()
        defects = tuple(self._defects)
        return Audit(records, blobs, snapshots, self._rehashed, self._older, defects)

    def _each(self, stage: str, names: list[str], examine: Callable[[str], None]) -> int:
        for done, name in enumerate(sorted(names)):
            self._tell(stage, done / len(names))
            examine(name)
        self._tell(stage, 1.0)
        return len(names)

    def _found(self, name: str, sentence: str) -> None:
        self._defects.append(Defect(name, sentence))

    def _record(self, name: str) -> None:
        kind, _, key = name.removeprefix("journal/").partition("/")
        key = key.rpartition("/")[2]
        if not is_key(key) or name != Reference(kind, key).name:
            self._found(name, f"{name} is no place of a record: move it out of the lake")
            return
        self._present[kind].add(key)
        try:
            record = self._lake.get(kind, key)
            check(record)
        except LakeError as error:
            self._found(name, str(error) if name in str(error) else f"{name}: {error}; {_ANEW}")
            return
        self._sound[kind].add(key)
        for reference in references(record):
            if reference.needed:
                self._wanted.setdefault(reference, record.name)
        for problem in self._wrong_key(record, kind):
            self._found(name, f"{name} {problem}: {_ANEW}")

    def _wrong_key(self, record: Record, kind: str) -> Iterator[str]:
        if record.kind != kind:
            yield f"holds a {record.kind}"
            return
        key = rehash(record)
        if key is None:
            self._older += 1
        else:
            self._rehashed += 1
            if key != record.key:
                yield f"is not what its key says (what it holds has the key {key})"
        if kind == "label" and geometry_key(record) != record.metadata.get("structure"):
            yield "holds another geometry than it names"
        origin = origin_of(record)
        if origin is None:
            return
        if kind == "model" and "package" in origin.spec:
            self._packages[record.key] = origin.spec["package"]
        named = {reference.key for reference in references(record)}
        if strangers := {key for key in origin.inputs if key} - named:
            yield f"was made of {strangers.pop()} and does not name it"

    def _blob(self, name: str) -> None:
        try:
            digest = hashlib.sha256(self._lake.get_blob(name)).hexdigest()
        except LakeError as error:
            self._found(f"blobs/{name}", str(error))
            return
        key = owner(name)
        if key in self._packages and digest != self._packages[key]:
            self._found(f"blobs/{name}", f"blobs/{name} is another model than model {key}: {_ANEW}")

    def _without_blob(self, owners: set[str | None]) -> None:
        for kind in WITH_BLOBS:
            for key in sorted(self._sound[kind] - owners):
                name = Reference(kind, key).name
                self._found(name, f"{kind} {key} lacks its file in blobs: {_ANEW}")

    def _snapshots(self) -> int:
        try:
            history = self._lake.history()
            commits = self._commits({snapshot.id for snapshot in history})
        except (LakeError, icechunk.IcechunkError) as error:
            self._found("snapshots", f"{self._reason('the history', error)}; {SNAPSHOTS_ANEW}")
            return 0
        root, broken = None, set[str]()
        for done, snapshot in enumerate(history):
            self._tell("snapshots", done / len(history))
            name = f"snapshot {snapshot.tag}"
            before, parent = root, commits[commits.index(snapshot.id) - 1]
            try:
                root = self._lake.open(snapshot.tag)
                problems = dict(self._wrong_arrays(snapshot, root, before, parent, broken))
            except (LakeError, icechunk.IcechunkError) as error:
                self._found(name, f"{name}: {self._reason(name, error)}; {SNAPSHOTS_ANEW}")
                continue
            for problem in problems.values():
                self._found(name, f"{name}: {problem}; {SNAPSHOTS_ANEW}")
            broken = set(problems)
        self._tell("snapshots", 1.0)
        return len(history)

    def _reason(self, what: str, error: Exception) -> str:
        """What an error says, without its own way out."""
        if isinstance(error, icechunk.IcechunkError):
            error = self._lake.objects.explain(what, str(error))
        return str(error).partition("; ")[0]

    def _commits(self, known: set[str]) -> list[str]:
        """Ids of all commits, oldest first; all tags are those of `known` ones, all but the newest
        have tags."""
        repository = self._lake.repository
        if repository is None:
            return []
        for tag in sorted(repository.list_tags()):
            if repository.lookup_tag(tag) not in known:
                self._found(
                    f"snapshot {tag}",
                    f"the tag {tag} is not in the history of the lake: {SNAPSHOTS_ANEW}",
                )
        commits = list(repository.ancestry(branch="main"))
        for commit in commits[1:]:
            if commit.id not in known and "tag" in commit.metadata:
                tag = commit.metadata["tag"]
                self._found(f"snapshot {tag}", f"the tag {tag} is gone: {SNAPSHOTS_ANEW}")
        return [commit.id for commit in reversed(commits)]

    def _wrong_arrays(
        self,
        snapshot: Snapshot,
        root: zarr.Group,
        before: zarr.Group | None,
        parent: str,
        broken: set[str],
    ) -> Iterator[tuple[str, str]]:
        """Arrays of a snapshot that are not what they should be, and how.

        Rows that are new in it are compared with their records, older ones with the snapshot
        before, where chunks were written anew; arrays that are `broken` there are passed by.
        """
        contents = Contents(root)
        keys, older = contents.keys(), {} if before is None else Contents(before).keys()
        contents.members([snapshot.tag])
        if contents.metadata(snapshot.tag) != snapshot.metadata:
            yield "cycles", "what it says of itself is not what its commit says"
        for kind, rows in keys.items():
            start = len(older.get(kind, ()))
            for key in rows[start:]:
                self._wanted.setdefault(Reference(kind, key), f"snapshot {snapshot.tag}")
            yield from against_records(root, kind, rows, start, self._sound[kind], self._lake.get)
        repository = self._lake.repository
        assert repository is not None
        changes = repository.diff(from_snapshot_id=parent, to_snapshot_id=snapshot.id)
        for path in changes.deleted_arrays:
            yield path, f"{path.strip('/')} is gone"
        chunks = {path.strip("/"): c for path, c in changes.updated_chunks.items()}
        if before is not None:
            again = {path: c for path, c in chunks.items() if path not in broken}
            yield from against_forerunner(before, root, again)

    def _missing(self) -> None:
        for reference, referrer in self._wanted.items():
            kind, key = reference.kind, reference.key
            if key not in self._present[kind] and not self._lake.has(kind, key):
                self._found(
                    reference.name,
                    f"{reference.name} is missing, and {referrer} refers to it: run again what "
                    "made it, or put back a copy",
                )
