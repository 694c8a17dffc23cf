"""Blobs: immutable bytes by name, under ``blobs/``: model packages, logs, reports."""

from __future__ import annotations

import re

from storage.base import Objects
from storage.errors import LakeError
from storage.seal import seal, unseal

_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)


class Blobs:
    """Bytes that are written once and never again.

    A blob's file is its bytes and, behind them, the 71 bytes ``sha256=<hex digest>``.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def put(self, name: str, data: bytes) -> bool:
        """Keep `data` durably; False, and nothing changed, when `name` was there already."""
        return self._objects.create(_path(name), seal(data))

    def get(self, name: str) -> bytes:
        """Return a blob, its checksum verified."""
        path = _path(name)
        return unseal(self._objects.read(path), path)

    def has(self, name: str) -> bool:
        return self._objects.exists(_path(name))

    def names(self) -> list[str]:
        """Names of all blobs, sorted."""
        return sorted(name.partition("/")[2] for name in self._objects.names("blobs"))


def _path(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise LakeError(f"{name!r} is no name for a blob: use letters, digits, _ . - and /")
    return f"blobs/{name}"
