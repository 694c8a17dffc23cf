"""Objects in a local directory, and the lock that one committer holds."""

from __future__ import annotations

import errno
import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from storage.errors import LakeError, MissingObject

if TYPE_CHECKING:
    import icechunk

TEMPORARY = ".tmp-"
"""Files of writers at work, or killed at work, begin with this; readers pass them by."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class LocalObjects:
    """Immutable objects as files below `root`.

    An object is written to a temporary file beside its place, synced, and hard-linked into it, so
    that it is there whole or not at all, whoever races or is killed. obstore's LocalStore links,
    too, but syncs neither file nor directory: a label it acknowledged may be gone after a power
    cut.
    """

    at_once = 1

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)

    @property
    def store(self) -> str:
        """What to call the place in a message that it does not answer."""
        return f"the directory {self.root}"

    def create(self, name: str, data: bytes, durable: bool = True) -> bool:
        """Store `data` once and durably; False, and nothing changed, when `name` existed."""
        path = self.root / name
        if self.exists(name):
            return False
        temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
        try:
            _make_folder(path.parent)
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    if durable:
                        os.fsync(file.fileno())
                created = _link(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
            if durable:
                _sync(path.parent)
        except OSError as error:
            raise explain(error, f"{self.root}/{name}") from error
        return created

    def read(self, name: str) -> bytes:
        """Return the bytes of `name`, or raise `MissingObject`."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            raise MissingObject(f"the lake {self.root} holds no {name}") from None
        except OSError as error:
            raise LakeError(f"{self.root}/{name} could not be read: {error.strerror}") from error

    def exists(self, name: str) -> bool:
        try:
            return (self.root / name).exists()
        except OSError as error:
            raise LakeError(f"{self.root}/{name} is out of reach: {error.strerror}") from error

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects below the folder `prefix`, in no order."""
        try:
            entries = list(os.scandir(self.root / prefix))
        except FileNotFoundError:
            return
        for entry in entries:
            if entry.is_dir():
                yield from self.names(f"{prefix}/{entry.name}")
            elif not entry.name.startswith(TEMPORARY):
                yield f"{prefix}/{entry.name}"

    def folders(self, prefix: str) -> Iterator[str]:
        """Last parts of the names of the folders in the folder `prefix`, in no order."""
        try:
            entries = list(os.scandir(self.root / prefix))
        except FileNotFoundError:
            return
        yield from (entry.name for entry in entries if entry.is_dir())

    def size(self, name: str) -> int:
        """Bytes of `name`; raises `MissingObject`."""
        return self._stat(name).st_size

    def modified(self, name: str) -> datetime:
        """When `name` was written, UTC; raises `MissingObject`."""
        return datetime.fromtimestamp(self._stat(name).st_mtime, UTC)

    def leftovers(self) -> Iterator[str]:
        """Names of what writers have at work, or left behind when they were killed at it."""
        for path in self.root.rglob(f"{TEMPORARY}*"):
            yield path.relative_to(self.root).as_posix()

    def delete(self, name: str) -> None:
        """Remove `name`, for clean-up and repair only; nothing happens where there is none."""
        try:
            (self.root / name).unlink(missing_ok=True)
        except OSError as error:
            raise LakeError(f"{self.root}/{name} was not deleted: {error.strerror}") from error

    def stranger(self) -> str | None:
        """Name of something that lies here, None where nothing does."""
        try:
            names = sorted(entry.name for entry in os.scandir(self.root))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LakeError(f"{self.root} could not be read: {error.strerror}") from error
        return next((name for name in names if not name.startswith(TEMPORARY)), None)

    def check_writable(self) -> None:
        """Refuse a directory that this user may not write to."""
        if self.root.exists() and not os.access(self.root, os.W_OK | os.X_OK, effective_ids=True):
            raise LakeError(
                f"the lake {self.root} is read-only for this user: make it writable, open it to "
                "read, or choose another"
            )

    def storage(self, folder: str) -> icechunk.Storage:
        """Icechunk's way to the repository in `folder`."""
        import icechunk

        return icechunk.local_filesystem_storage(str(self.root / folder))

    def alone(self) -> AbstractContextManager[None]:
        """Hold the lock of committers, which Icechunk needs on a local directory."""
        return locked(self.root / "snapshots.lock")

    def explain(self, what: str, said: str) -> LakeError:
        """Say what Icechunk said of `what`, and what to do."""
        reason = said.strip().splitlines()[-1].lstrip("`-> x").strip()
        return LakeError(
            f"{what} in {self.root} failed: {reason}; the journal has all records, so put right "
            "what is named here and run again"
        )

    def _stat(self, name: str) -> os.stat_result:
        try:
            return (self.root / name).stat()
        except FileNotFoundError:
            raise MissingObject(f"the lake {self.root} holds no {name}") from None
        except OSError as error:
            raise LakeError(f"{self.root}/{name} is out of reach: {error.strerror}") from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path` alone among processes and threads; wait for whoever has it."""
    try:
        file = path.open("a")
    except OSError as error:
        raise explain(error, str(path)) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def explain(error: OSError, name: str) -> LakeError:
    """Say in one sentence why `name` was not written and what to do."""
    if error.errno in _FULL:
        return LakeError(
            f"{name} was not written: the disk or quota is full; free some space and run again "
            "(everything written before is kept)"
        )
    if error.errno in _FORBIDDEN:
        return LakeError(
            f"{name} was not written: {error.strerror}; make the lake's directory writable for "
            "this user, or choose another lake"
        )
    return LakeError(f"{name} was not written: {error.strerror or error}")


def _link(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise LakeError(
            f"{path} was not written: its file system has no hard links, which a lake needs to "
            "write each record exactly once; choose a lake on another file system"
        ) from error
    return True


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
