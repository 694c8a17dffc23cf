"""The seam to where the objects of a lake lie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol


class Objects(Protocol):
    """Immutable objects by name, such as ``journal/label/ab/ab12…``; parts are joined by "/"."""

    def create(self, name: str, data: bytes) -> bool:
        """Store `data` once and durably; False, and nothing changed, when `name` existed."""
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

    def delete(self, name: str) -> None:
        """Remove `name`, for clean-up and repair only; nothing happens where there is none."""
        ...
