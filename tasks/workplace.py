"""Where a flow's tasks meet: the lake they read and write, the pools they run on, the board."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar, cast
from uuid import uuid4

from distributed import Future, KilledWorker, get_worker
from distributed.comm import CommClosedError
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger
from prefect.states import Completed

from storage import Lake, open_lake
from tasks.errors import LostWorkers
from tasks.options import LakeUrl as LakeUrl
from tasks.pools import Begun, News, PoolName, Pools, Site
from tasks.progress import TOPIC, Board
from tasks.retirement import place
from tasks.sites import SITE_NAME

P = ParamSpec("P")
T = TypeVar("T")


def _lost_worker(task: Any, run: Any, state: Any) -> bool:
    return isinstance(state.data, LostWorkers)


def verb(
    name: str, task_run_name: str | None = None, pool: PoolName | None = None
) -> Callable[[Callable[P, T]], Task[P, T]]:
    """A Prefect task: the lake decides what is done, and only lost workers are worth a retry.

    One that names its pool has the tag `pool-site`, and the Prefect server limits how many of it
    run at once.
    """
    site = os.environ.get(SITE_NAME)

    def decorate(function: Callable[P, T]) -> Task[P, T]:
        return task(
            name=name,
            task_run_name=task_run_name,
            tags=[f"{pool}-{site}"] if pool and site else None,
            cache_policy=NO_CACHE,
            retries=2,
            retry_condition_fn=_lost_worker,
        )(function)

    return decorate


@dataclass(frozen=True)
class Piece:
    """One piece of work: `function(lake, key, *arguments)` leaves the record `kind`/`key`."""

    kind: str
    key: str
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()


@dataclass
class Workplace:
    """The lake, the pools and the board of one flow run; `title` says what it is at,
    and `run` tells it from all other runs.

    Only keys travel to workers: a piece names what it reads by key and writes its record itself.
    """

    lake: Lake
    pools: Pools
    board: Board
    title: str = ""
    run: str = field(default_factory=lambda: uuid4().hex)

    def finish(self, stage: str, pool: PoolName, pieces: Sequence[Piece]) -> bool:
        """Run the pieces whose records the lake lacks; True if there was nothing left to do.

        Raises
        ------
        LostWorkers
            If a piece took several workers down with it.
        NoJobs
            If the pool cannot have jobs.
        """
        bar = f"{self.title} {stage}".strip()
        to_do: set[str] = set()
        for kind in {p.kind for p in pieces}:
            to_do.update(self.lake.missing(kind, [p.key for p in pieces if p.kind == kind]))
        missing = {p.key: p for p in pieces if p.key in to_do}
        self.board.start(bar, list(missing), len({p.key for p in pieces}) - len(missing))
        try:
            if missing:
                self._run(pool, list(missing.values()))
        finally:
            self.board.finish(bar)
        return not missing

    def _run(self, pool: PoolName, pieces: Sequence[Piece]) -> None:
        client = self.pools.client(pool)
        if client is None:
            for piece in pieces:
                with self.pools.here:
                    piece.function(self.lake, piece.key, *piece.arguments)
                self.board.update(piece.key, 1.0)
            return
        heard: SimpleQueue[Future | News] = SimpleQueue()
        with self.pools.listening(pool, heard.put):
            futures = {
                client.submit(_at_worker, self.lake.url, piece, key=_dask_key(piece)): piece.key
                for piece in pieces
            }
            for future in futures:
                future.add_done_callback(heard.put)
            try:
                self._hear(heard, futures)
            except (KilledWorker, CommClosedError) as error:
                raise LostWorkers(
                    f"workers of the pool {pool} died again and again, perhaps for want of memory; "
                    "what was finished is in the lake, so give each worker more and run again"
                ) from error
            finally:
                for future in futures:
                    future.release()  # and not cancel: another batch may wait for the same piece

    def _hear(self, heard: SimpleQueue[Future | News], futures: dict[Future, str]) -> None:
        """Return when all futures are done; raise what ends one of them, or what is in the way."""
        keys, left, log = set(futures.values()), len(futures), _log()
        while left:
            news = heard.get()
            if isinstance(news, Exception):
                raise news
            if isinstance(news, Begun):
                if news.key in keys:
                    log.info("%s: %s", news.key[:12], news.place)
                continue
            news.result()
            news.release()  # a worker that holds nothing can leave
            self.board.update(futures[news], 1.0)
            left -= 1


def _log() -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
    """Where a Prefect task keeps its log, if one runs."""
    try:
        return get_run_logger()
    except MissingContextError:
        return logging.getLogger("nearsight.work")


def _dask_key(piece: Piece) -> str:
    return f"{piece.kind}-{piece.key}"


def _at_worker(url: str, piece: Piece) -> None:
    if where := place():
        get_worker().log_event(TOPIC, {"row": piece.key, "place": where})
    lake = open_lake(url)
    if not lake.has(piece.kind, piece.key):
        piece.function(lake, piece.key, *piece.arguments)


def done(result: T, cached: bool) -> T:
    """End a Prefect task with `result`; one that found its work in the lake shows as Cached."""
    if cached:
        shown: Any = Completed(name="Cached", message="found finished in the lake", data=result)
    else:
        shown = Completed(data=result)
    return cast(T, shown)  # Prefect gives whoever waits for the task its data


@contextmanager
def workplace(lake: str, site: Site, board: Board | None = None) -> Iterator[Workplace]:
    """Open the lake and, when first needed, the site's workers."""
    opened = open_lake(lake)
    with board or Board() as shown, Pools(site, shown.update) as pools:
        yield Workplace(opened, pools, shown)
