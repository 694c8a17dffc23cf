"""Records: what a finished piece of work leaves behind, and their one form in bytes."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import CorruptObject, LakeError
from storage.keys import canonical_json
from storage.seal import SEAL_LENGTH, seal, unseal

FORMAT_VERSION = 1
"""Version of the form in bytes, in every record."""

_HEADER = "record.json"
_KIND = re.compile(r"[a-z][a-z_]*")
_KEY = re.compile(r"[0-9a-f]{64}")
_ARRAY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_PLAIN_DTYPES = "biufcSU"
_LOCAL_HEADER = struct.Struct("<22xI2H")
_ZIP64 = 0xFFFFFFFF
"""In the place of a size that follows in eight bytes: of a part beyond 2 GB."""


@dataclass(frozen=True, eq=False)
class Record:
    """An immutable result under its content key.

    Attributes
    ----------
    kind
        "structure", "label", "walk", "scores", "cluster", "model", ... (`storage.schemas` lists
        the arrays that each kind must have).
    key
        Content key, 64 hex digits.
    metadata
        What JSON can say; no NaN.
    arrays
        Numbers, truth values or text of fixed width, by name; bytes go in as ``uint8``.
    """

    kind: str
    key: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_name(self.kind, self.key)
        plain = {name: self._plain(name, array) for name, array in self.arrays.items()}
        object.__setattr__(self, "arrays", plain)

    @property
    def name(self) -> str:
        """Kind and key, for messages."""
        return f"{self.kind} {self.key}"

    def _plain(self, name: str, array: NDArray[Any]) -> NDArray[Any]:
        """The array in C order and little endian, as it is written."""
        array = np.asarray(array)
        if not _ARRAY.fullmatch(name):
            raise LakeError(f"{self.name}: {name!r} is no name for an array")
        if array.dtype.kind not in _PLAIN_DTYPES:
            raise LakeError(f"{self.name}: array {name} has dtype {array.dtype}, not a plain one")
        return np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")


def is_key(text: str) -> bool:
    """Whether `text` could be a content key."""
    return _KEY.fullmatch(text) is not None


def check_name(kind: str, key: str) -> None:
    """Refuse what cannot be the kind or the key of a record."""
    if not _KIND.fullmatch(kind):
        raise LakeError(f"{kind!r} is no kind of record: use lower-case letters and _")
    if not is_key(key):
        raise LakeError(f"{key!r} is no content key of a {kind}: it must be 64 hex digits")


def encode(record: Record) -> bytes:
    """Write `record` as an uncompressed npz, equal bytes for equal records.

    ``numpy.load`` opens it. Beside the arrays stands ``record.json`` with format version, kind,
    key and metadata; the comment of the zip file is the SHA-256 of all before it.
    """
    header = {
        "format": FORMAT_VERSION,
        "key": record.key,
        "kind": record.kind,
        "metadata": record.metadata,
    }
    try:
        parts = {_HEADER: canonical_json(header).encode()}
    except (TypeError, ValueError) as error:
        raise LakeError(f"{record.name}: bad metadata: {error}") from error
    for name in sorted(record.arrays):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, record.arrays[name], allow_pickle=False)
        parts[f"{name}.npy"] = buffer.getvalue()

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = bytes(SEAL_LENGTH)
        for name, part in parts.items():
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            archive.writestr(entry, part)
    return seal(file.getvalue()[:-SEAL_LENGTH])


def decode(data: bytes, name: str) -> Record:
    """Read a record; `name` stands for it in errors."""
    unseal(data, name)
    parts = dict(_parts(data))
    header = json.loads(bytes(parts.pop(_HEADER)))
    if header["format"] > FORMAT_VERSION:
        raise LakeError(
            f"{name} has format {header['format']} and this Nearsight reads up to "
            f"{FORMAT_VERSION}: update Nearsight"
        )
    arrays = {part.removesuffix(".npy"): _array(npy) for part, npy in parts.items()}
    record = Record(header["kind"], header["key"], header["metadata"], arrays)
    if record.key != name.rpartition("/")[2]:
        raise CorruptObject(f"{name} holds {record.name}: delete it and run again")
    return record


def _parts(data: bytes) -> Iterator[tuple[str, memoryview]]:
    """Name and bytes of each part; zipfile takes longer, to check what the seal vouches for."""
    end = 0
    while data.startswith(b"PK\3\4", end):
        size, name_length, extra_length = _LOCAL_HEADER.unpack_from(data, end)
        name = end + _LOCAL_HEADER.size
        extra = name + name_length
        start = extra + extra_length
        if size == _ZIP64:
            size = int.from_bytes(data[extra + 4 : extra + 12], "little")
        end = start + size
        yield data[name:extra].decode(), memoryview(data)[start:end]


def _array(npy: memoryview) -> NDArray[Any]:
    start = 10 + int.from_bytes(npy[8:10], "little")
    shape, dtype = _npy_header(bytes(npy[:start]))
    return np.ndarray(shape, dtype, npy, start).copy()


@lru_cache(maxsize=1024)
def _npy_header(header: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and dtype: for NumPy to find them takes longer than to read the array."""
    stream = io.BytesIO(header)
    np.lib.format.read_magic(stream)
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    return shape, dtype
