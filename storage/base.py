"""The seam to where the objects of a lake lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import icechunk


class Objects(Protocol):
    """Immutable objects by name, such as ``journal/label/ab/ab12…``; parts are joined by "/".

    Attributes
    ----------
    url
        Where they lie, as `storage.open_lake` takes it.
    at_once
        Requests that it pays to have under way at a time.
    """

    url: str
    at_once: int

    @property
    def store(self) -> str:
        """What to call the place in a message that it does not answer."""
        ...

    def create(self, name: str, data: bytes, durable: bool = True) -> bool:
        """Store `data` once and durably; False, and nothing changed, when `name` existed.

        What need not outlive a power cut, not `durable`, may be stored faster.
        """
        ...

    def read(self, name: str) -> bytes:
        """Return the bytes of `name`, or raise `MissingObject`."""
        ...

    def exists(self, name: str) -> bool: ...

    def names(self, prefix: str) -> Iterator[str]:
        """Names of all objects below the folder `prefix`, in no order."""
        ...

    def folders(self, prefix: str) -> Iterator[str]:
        """Last parts of the names of the folders in the folder `prefix`, in no order."""
        ...

    def size(self, name: str) -> int:
        """Bytes of `name`; raises `MissingObject`."""
        ...

    def modified(self, name: str) -> datetime:
        """When `name` was written, UTC; raises `MissingObject`."""
        ...

    def leftovers(self) -> Iterator[str]:
        """Names of what writers have at work, or left behind when they were killed at it."""
        ...

    def delete(self, name: str) -> None:
        """Remove `name`, for clean-up and repair only; nothing happens where there is none."""
        ...

    def stranger(self) -> str | None:
        """Name of something that lies here, None where nothing does."""
        ...

    def check_writable(self) -> None:
        """Refuse, saying why, a place that this user or several writers at once cannot write to."""
        ...

    def storage(self, folder: str) -> icechunk.Storage:
        """Icechunk's way to the repository in `folder`."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Hold off other committers, where Icechunk does not notice them."""
        ...

    def explain(self, what: str, said: str) -> Exception:
        """`Outage` where waiting helps, else a `LakeError`, for what Icechunk said of `what`."""
        ...
