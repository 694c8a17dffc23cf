"""Where a flow's tasks meet: the lake they read and write, the pools they run on, the board."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, ParamSpec, TypeVar, cast

from distributed import KilledWorker, as_completed
from distributed.comm import CommClosedError
from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed
from pydantic import AfterValidator, ValidationInfo

from storage import Lake, open_lake
from tasks.pools import PoolName, Pools, Site
from tasks.progress import Board


def _from_folder(lake: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    return lake if folder is None or "://" in lake else str((folder / lake).absolute())


LakeUrl = Annotated[str, AfterValidator(_from_folder)]
"""Where a lake is; a path that is read from a file of options starts at that file's folder."""

P = ParamSpec("P")
T = TypeVar("T")


def _lost_worker(task: Any, run: Any, state: Any) -> bool:
    try:
        state.result()
    except (KilledWorker, CommClosedError):
        return True
    except Exception:
        return False
    return False


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
    """One piece of work: `function(lake, key, *arguments)` leaves the record `kind`/`key`."""

    kind: str
    key: str
    function: Callable[..., None]
    arguments: tuple[Any, ...] = ()


@dataclass
class Workplace:
    """The lake, the pools and the board of one flow run.

    Only keys travel to workers: a piece names what it reads by key and writes its record itself.
    """

    lake: Lake
    pools: Pools
    board: Board
    wall: dict[str, float] = field(default_factory=dict)

    def finish(self, stage: str, pool: PoolName, pieces: Sequence[Piece]) -> bool:
        """Run the pieces whose records the lake lacks; True if there was nothing left to do."""
        missing = {p.key: p for p in pieces if not self.lake.has(p.kind, p.key)}
        bar = self.board.start(stage, list(missing), len({p.key for p in pieces}) - len(missing))
        start = time.monotonic()
        if missing:
            self._run(pool, list(missing.values()))
            self.wall[stage] = self.wall.get(stage, 0.0) + time.monotonic() - start
        self.board.finish(bar, stage)
        return not missing

    def _run(self, pool: PoolName, pieces: Sequence[Piece]) -> None:
        client = self.pools.client(pool)
        if client is None:
            for piece in pieces:
                piece.function(self.lake, piece.key, *piece.arguments)
                self.board.update(piece.key, 1.0)
            return
        futures = {
            client.submit(_at_worker, self.lake.url, piece, key=f"{piece.kind}-{piece.key}"): piece
            for piece in pieces
        }
        try:
            for future in as_completed(futures):
                future.result()
                self.board.update(futures[future].key, 1.0)
        finally:
            client.cancel(list(futures))


def _at_worker(url: str, piece: Piece) -> None:
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
    with board or Board() as shown, Pools(site, shown.update) as pools:
        yield Workplace(open_lake(lake), pools, shown)
