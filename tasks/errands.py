"""Errands: functions that a pool's workers are sent to do, one at a time, with limited patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from distributed import Event, Future, KilledWorker, Queue
from distributed.comm import CommClosedError

from tasks.errors import LostWorkers
from tasks.pools import News, PoolName, Pools
from tasks.probes import arrive

P = ParamSpec("P")
T = TypeVar("T")


class Errands:
    """The workers of one pool; the flow's own process where the pool has none."""

    def __init__(self, pools: Pools, pool: PoolName, patience: float) -> None:
        self._pools, self._pool, self._patience = pools, pool, patience
        self._called: list[Future] = []

    def call(self, workers: int) -> None:
        """Have workers come, without waiting for them."""
        client = self._pools.client(self._pool)
        if client is not None:
            self._called = [client.submit(arrive, pure=False) for _ in range(workers)]

    def send(self, function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What a function returns that one of the workers calls.

        Raises
        ------
        TimeoutError
            If it has not returned after `patience` seconds.
        NoJobs, LostWorkers
            If nobody can be sent.
        """
        client = self._pools.client(self._pool)
        if client is None:
            return function(*arguments, **options)
        heard: SimpleQueue[News | None] = SimpleQueue()
        late = time.monotonic() + self._patience
        with self._pools.listening(self._pool, heard.put):
            future = client.submit(function, *arguments, **options, pure=False)
            future.add_done_callback(lambda done: heard.put(None))
            try:
                while (news := heard.get(timeout=max(0.0, late - time.monotonic()))) is not None:
                    if isinstance(news, Exception):
                        raise news
                found: T = future.result(timeout=self._patience)
                return found
            except Empty:
                raise TimeoutError from None
            except (KilledWorker, CommClosedError) as error:
                raise LostWorkers("workers died of it, perhaps for want of memory") from error
            finally:
                future.cancel()

    def send_all(self, function: Callable[..., T], *arguments: Any) -> list[T]:
        """What a function returns that this process and all workers that are there call at once."""
        client = self._pools.client(self._pool)
        if client is None:
            return [function(*arguments)]
        workers = list(client.scheduler_info(n_workers=-1)["workers"])
        name = f"start-{uuid4().hex}"
        ready, start = Queue(name, client), Event(name, client)
        futures = [
            client.submit(_in_step, name, function, *arguments, workers=[worker], pure=False)
            for worker in workers
        ]
        for _ in workers:
            ready.get(timeout=self._patience)
        start.set()
        return [function(*arguments), *client.gather(futures)]


def _in_step(name: str, function: Callable[..., T], *arguments: Any) -> T:
    Queue(name).put(None)
    Event(name).wait()
    return function(*arguments)
