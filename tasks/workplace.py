"""Where a flow's tasks meet: the lake they read and write, the pools they run on, the board."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar, cast
from uuid import uuid4

from distributed import Future, KilledWorker, get_worker
from distributed.comm import CommClosedError
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from storage import Lake, open_lake
from storage.claims import Claim
from tasks.claims import Elsewhere, Taken, claimed, where
from tasks.errors import LostWorkers
from tasks.limits import place_in
from tasks.pools import News, PoolName, Pools, Said, Site
from tasks.progress import TOPIC, Board
from tasks.retirement import place
from tasks.story import Story
from tasks.tasklog import logged, run_log

WORK = logging.getLogger("nearsight.work")

P = ParamSpec("P")
T = TypeVar("T")


def _lost_worker(task: Any, run: Any, state: Any) -> bool:
    return isinstance(state.data, LostWorkers)


def verb(name: str, task_run_name: str | None = None) -> Callable[[Callable[P, T]], Task[P, T]]:
    """A Prefect task: the lake decides what is done, and only lost workers are worth a retry."""

    def decorate(function: Callable[P, T]) -> Task[P, T]:
        return task(
            name=name,
            task_run_name=task_run_name,
            cache_policy=NO_CACHE,
            retries=2,
            retry_condition_fn=_lost_worker,
        )(function)

    return decorate


@dataclass(frozen=True)
class Piece:
    """One piece of work: `function(lake, key, *arguments)` leaves the record `kind`/`key`.

    `after`, a kind and a key, is the record that it is after where that is another one: of runs
    at several places that are after the same record, one works and the others wait.
    """

    kind: str
    key: str
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()
    after: tuple[str, str] | None = None

    @property
    def wanted(self) -> tuple[str, str]:
        """Kind and key of the record that is claimed."""
        return self.after or (self.kind, self.key)


@dataclass
class Workplace:
    """The lake, the pools, the board and the story of one flow run; `title` says what it is at,
    and `run` tells it from all other runs.

    Only keys travel to workers: a piece names what it reads by key and writes its record itself.
    """

    lake: Lake
    pools: Pools
    board: Board
    story: Story
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
        found = {p.key for p in pieces} - missing.keys()
        tally = self.story.count(self.title, pieces[0].kind, missing, found) if pieces else None
        self.board.start(bar, list(missing), len(found), tally)
        try:
            if missing:
                with place_in(pool):
                    self._run(pool, list(missing.values()))
        finally:
            self.board.finish(bar)
        return not missing

    def _run(self, pool: PoolName, pieces: Sequence[Piece]) -> None:
        client = self.pools.client(pool)
        if client is None:
            self._run_here(pieces)
            return
        heard: SimpleQueue[Future | News] = SimpleQueue()
        futures: dict[Future, Piece] = {}

        def begin(piece: Piece, dead: Claim | None = None) -> None:
            future = client.submit(
                _at_worker, self.lake.url, piece, self.run, dead, key=_dask_key(piece)
            )
            futures[future] = piece
            future.add_done_callback(heard.put)

        with self.pools.listening(pool, heard.put):
            for piece in pieces:
                begin(piece)
            try:
                self._hear(heard, futures, begin)
            except (KilledWorker, CommClosedError) as error:
                raise LostWorkers(
                    f"workers of the pool {pool} died again and again, perhaps for want of memory; "
                    "what was finished is in the lake, so give each worker more and run again"
                ) from error
            finally:
                for future in futures:
                    future.release()  # and not cancel: another batch may wait for the same piece

    def _hear(
        self,
        heard: SimpleQueue[Future | News],
        futures: dict[Future, Piece],
        begin: Callable[[Piece, Claim | None], None],
    ) -> None:
        """Return when all pieces are done; raise what ends one of them, or what is in the way."""
        pieces, log = {piece.key: piece for piece in futures.values()}, run_log(WORK)
        elsewhere = Elsewhere(self.lake)
        while futures or elsewhere:
            try:
                news = heard.get(timeout=elsewhere.wait)
            except Empty:
                self._take_up(elsewhere, pieces, begin)
                continue
            if isinstance(news, Exception):
                raise news
            if isinstance(news, Said):
                if news.key in pieces:
                    log.log(news.level, "%s: %s", news.key[:12], news.words)
                continue
            error = _error(news)
            news.release()  # a worker that holds nothing can leave
            key = futures.pop(news).key
            if isinstance(error, Taken):
                log.info("%s: another run is at it, on %s", key[:12], where(error.claim))
                elsewhere.add(key, error.claim)
            elif error is not None:
                raise error
            else:
                self.board.update(key, 1.0)

    def _run_here(self, pieces: Sequence[Piece]) -> None:
        by_key, elsewhere = {piece.key: piece for piece in pieces}, Elsewhere(self.lake)

        def begin(piece: Piece, dead: Claim | None) -> None:
            try:
                with self.pools.here:
                    _work(self.lake, piece, self.run, dead)
            except Taken as taken:
                elsewhere.add(piece.key, taken.claim)
            else:
                self.board.update(piece.key, 1.0)

        for piece in pieces:
            begin(piece, None)
        while elsewhere:
            time.sleep(elsewhere.wait or 0.0)
            self._take_up(elsewhere, by_key, begin)

    def _take_up(
        self,
        elsewhere: Elsewhere,
        pieces: Mapping[str, Piece],
        begin: Callable[[Piece, Claim | None], None],
    ) -> None:
        """Begin the pieces that other runs were at and have not finished."""
        for key, dead in elsewhere.look().items():
            if self.lake.has(*pieces[key].wanted):
                self.board.update(key, 1.0)
            else:
                begin(pieces[key], dead)


def _dask_key(piece: Piece) -> str:
    return f"{piece.kind}-{piece.key}"


def _at_worker(url: str, piece: Piece, run: str, dead: Claim | None) -> None:
    if at := place():
        get_worker().log_event(TOPIC, {"row": piece.key, "place": at})
    _work(open_lake(url), piece, run, dead)


def _work(lake: Lake, piece: Piece, run: str, dead: Claim | None) -> None:
    """Do a piece, unless it is done; raises `Taken` if another run is at it."""
    with claimed(lake, *piece.wanted, run, dead):
        if not lake.has(piece.kind, piece.key):
            piece.function(lake, piece.key, *piece.arguments)


def _error(ended: Future) -> BaseException | None:
    """What a piece ended with. No worker is asked, for it may be gone, and its work is not."""
    return ended.exception() if ended.status in ("error", "cancelled") else None


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
    with (
        board or Board() as shown,
        Story() as story,
        logged(),
        Pools(site, shown.update) as pools,
    ):
        yield Workplace(opened, pools, shown, story)
