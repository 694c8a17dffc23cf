"""Where work runs: a site's pools of workers, each a Dask cluster started when first needed."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, get_args

from tasks.errors import LostWorkers
from tasks.progress import TOPIC
from tasks.sites import Pool as Pool
from tasks.sites import PoolName as PoolName
from tasks.sites import Site as Site

if TYPE_CHECKING:
    from distributed import Client
    from distributed.deploy.cluster import Cluster


# One compute thread a process: with two, torch's pools fight (a step costs three times as much).
# Memory that torch frees stays with the process: giving it back to the kernel after every
# operation costs half of a teacher's time.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENMM_CPU_THREADS": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "PYTHONWARNINGS": "ignore",
}

_log = logging.getLogger("nearsight.work")

CORES = "NEARSIGHT_CORES"
"""Tells a worker how many cores it has."""


def cores() -> int:
    """How many cores this worker has, each for one process; one in the flow itself."""
    return int(os.environ.get(CORES, "1"))


@dataclass(frozen=True)
class Said:
    """What a worker says of a piece of work, by its key; where it has begun it, at first."""

    key: str
    words: str
    level: int = logging.INFO


News = Said | Exception


def dask_setup(worker: object) -> None:
    """Leave a Ctrl-C to the flow, which ends its workers; Dask calls this in every one of them."""
    from tasks.said import tell_the_flow

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tell_the_flow()


class Pools:
    """The clusters of a site while a flow runs; `here` is the turn to work in the flow itself."""

    def __init__(self, site: Site, on_event: Callable[[str, float], None]) -> None:
        self.site = site
        self._on_event = on_event
        self._clusters: dict[Pool, tuple[Cluster, Client]] = {}
        self._ears: dict[Pool, list[Callable[[News], None]]] = defaultdict(list)
        self._lock = threading.Lock()
        self.here = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for cluster, client in self._clusters.values():
            try:
                client.close()
                cluster.close()
            except TimeoutError:  # all work is done, and workers end with this process
                _log.warning("workers did not end in time; the work is done")

    def client(self, name: PoolName) -> Client | None:
        """The Dask client of a pool; None where the pool has no workers of its own.

        Raises
        ------
        LostWorkers
            If workers of this machine died as they started.
        NoJobs
            If the pool cannot have jobs.
        """
        pool = self._pool(name)
        if pool.workers == 0:
            return None
        with self._lock:
            if pool not in self._clusters:
                self._clusters[pool] = self._start(pool)
            return self._clusters[pool][1]

    @contextmanager
    def listening(self, name: PoolName, hear: Callable[[News], None]) -> Iterator[None]:
        """Have `hear` called with the news of a pool: pieces that begin, and trouble."""
        ears = self._ears[self._pool(name)]
        ears.append(hear)
        try:
            yield
        finally:
            ears.remove(hear)

    def _pool(self, name: PoolName) -> Pool:
        pool: Pool = getattr(self.site, name)
        return pool

    def _start(self, pool: Pool) -> tuple[Cluster, Client]:
        from distributed import Client  # whoever reads a campaign file needs none

        logging.getLogger("distributed").setLevel(logging.ERROR)  # Prefect makes it say all
        cluster = self._start_here(pool) if pool.kind == "local" else self._start_jobs(pool)
        client = Client(cluster)
        client.subscribe_topic(TOPIC, partial(self._forward, pool))
        client.forward_logging("nearsight")
        return cluster, client

    def _start_here(self, pool: Pool) -> Cluster:
        import dask
        from distributed import LocalCluster

        with dask.config.set({"distributed.nanny.pre-spawn-environ": ENVIRONMENT}):
            try:
                return LocalCluster(
                    n_workers=pool.workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,
                    silence_logs=logging.ERROR,
                    preload=[__name__],
                    env={CORES: str(pool.cores)},  # the other way, it would be the flow's, too
                )
            except RuntimeError as error:  # Dask starts a dead worker anew, but not at first
                raise LostWorkers(
                    f"workers died as they started ({error}), perhaps for want of memory; what "
                    "was finished is in the lake, so give each worker more and run again"
                ) from error

    def _start_jobs(self, pool: Pool) -> Cluster:
        from tasks.jobs import start_jobs

        kinds = [name for name in get_args(PoolName) if self._pool(name) == pool]
        return start_jobs(
            pool,
            "-".join(["nearsight", *kinds]),
            self.site.logs.absolute(),
            {**ENVIRONMENT, CORES: str(pool.cores)},
            partial(self._tell, pool),
        )

    def _forward(self, pool: Pool, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        if "place" in message:
            self._tell(pool, Said(message["row"], message["place"]))
        elif "words" in message:
            self._tell(pool, Said(message["row"], message["words"], message["level"]))
        else:
            self._on_event(message["row"], message["fraction"])

    def _tell(self, pool: Pool, news: News) -> None:
        for hear in list(self._ears[pool]):
            hear(news)
