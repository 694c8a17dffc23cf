"""The lake: a journal of immutable records, blobs, and versioned Zarr snapshots."""

from storage.errors import CorruptObject, LakeError, MissingObject
from storage.history import Snapshot
from storage.keys import content_key, structure_key
from storage.lake import Lake, open_lake
from storage.records import Record

__all__ = [
    "CorruptObject",
    "Lake",
    "LakeError",
    "MissingObject",
    "Record",
    "Snapshot",
    "content_key",
    "open_lake",
    "structure_key",
]
