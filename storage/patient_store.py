"""A Zarr store over Icechunk that waits while the place where its chunks lie is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import icechunk
from zarr.abc.store import ByteRequest
from zarr.core.buffer import Buffer, BufferPrototype
from zarr.storage import WrapperStore

from storage.base import Objects
from storage.patience import LONGEST_ANSWER, Outage, Patience

T = TypeVar("T")


class PatientStore(WrapperStore[icechunk.IcechunkStore]):
    """What `store` does, with errors that name the snapshot and patience with outages.

    Groups and arrays are read by chunks long after the lake opened them, so each chunk waits for
    itself.
    """

    def __init__(self, store: icechunk.IcechunkStore, objects: Objects, what: str) -> None:
        super().__init__(store)
        self._objects = objects
        self._what = what

    def _with_store(self, store: icechunk.IcechunkStore) -> PatientStore:
        return PatientStore(store, self._objects, self._what)

    async def get(
        self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None
    ) -> Buffer | None:
        return await self._try(lambda: self._store.get(key, prototype, byte_range))

    async def set(self, key: str, value: Buffer) -> None:
        await self._try(lambda: self._store.set(key, value))

    async def _try(self, request: Callable[[], Awaitable[T]]) -> T:
        patience = Patience(self._objects.store)
        while True:
            try:
                answer = await asyncio.wait_for(request(), LONGEST_ANSWER)
            except TimeoutError:
                problem: Exception = Outage("no answer")
            except icechunk.IcechunkError as error:
                problem = self._objects.explain(self._what, str(error))
            else:
                patience.over()
                return answer
            if not isinstance(problem, Outage):
                raise problem
            await asyncio.sleep(patience.pause(problem))
