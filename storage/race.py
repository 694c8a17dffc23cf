"""The race by which a store shows whether it keeps the promises that a lake builds on."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TYPE_CHECKING

from storage.errors import LakeError

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import S3Store

_ROUNDS = 8
"""A store that looks first and writes afterwards fools a few rounds."""


def check_conditional_writes(store: S3Store, where: str, folder: str) -> None:
    """Refuse a store on which two writers of one object may both win; tried once per process.

    Pairs of writers race to create an object below `folder`, and then to replace it.
    """
    if where in _trusted():
        return
    with ThreadPoolExecutor(2) as writers:
        for _ in range(_ROUNDS):
            name = f"{folder}/{uuid.uuid4().hex}"
            try:
                _race(store, where, name, "create", writers)
                etag = store.head(name)["e_tag"]
                _race(store, where, name, {"e_tag": etag}, writers)
            finally:
                store.delete(name)
    _trusted().add(where)


@cache
def _trusted() -> set[str]:
    return set()


def _race(
    store: S3Store, where: str, name: str, mode: PutMode, writers: ThreadPoolExecutor
) -> None:
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    start = Barrier(2)

    def wins(_: int) -> bool:
        body = uuid.uuid4().bytes
        start.wait()
        try:
            store.put(name, body, mode=mode)
        except (AlreadyExistsError, PreconditionError):
            return False
        return True

    if all(writers.map(wins, range(2))):
        what = "create-only puts" if mode == "create" else "compare-and-swap by etag"
        raise LakeError(
            f"the store {where} does not keep its promises ({what}): two writers of one object "
            "were both told that they won, and so records and commits would be lost; use a store "
            "with atomic conditional writes, such as AWS S3, Ceph or SeaweedFS "
            "(deployments/services/s3.sh), or a local directory"
        )
