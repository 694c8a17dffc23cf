"""A checksum at the end of an object, by which a torn or changed one is noticed when read."""

from __future__ import annotations

import hashlib

from storage.errors import CorruptObject

_MARK = b"sha256="
SEAL_LENGTH = len(_MARK) + 64


def seal(body: bytes) -> bytes:
    """Append ``sha256=<hex digest of body>`` to `body`."""
    return body + _MARK + hashlib.sha256(body).hexdigest().encode()


def unseal(data: bytes, name: str) -> bytes:
    """Return the body of a sealed object, or raise `CorruptObject` that names it."""
    body = data[:-SEAL_LENGTH]
    if seal(body) != data:
        raise CorruptObject(
            f"{name} is damaged ({len(data)} bytes do not match their checksum): delete it and "
            "run again, and it is made anew, or put back a copy"
        )
    return body
