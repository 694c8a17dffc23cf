"""Where work runs: a site's pools of workers, each a Dask cluster started when first needed."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field

from nearsight.references import Execution
from nearsight.spec import Spec
from tasks.errors import LostWorkers
from tasks.progress import TOPIC

if TYPE_CHECKING:
    from distributed import Client, LocalCluster

PoolName = Literal["md", "qm", "train", "cpu"]

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


class Pool(Spec):
    """Workers for one kind of work."""

    workers: int = Field(
        2,
        ge=0,
        le=1024,
        title="Workers",
        description="processes on this machine; 0 runs the work in the flow itself, one by one",
    )


class Site(Spec):
    """What a site offers to each kind of work. Equal pools share one cluster."""

    md: Pool = Field(Pool(), title="Molecular dynamics")
    qm: Pool = Field(Pool(), title="Labels")
    train: Pool = Field(Pool(), title="Training")
    cpu: Pool = Field(Pool(), title="Everything else")
    labels: Execution = Field(Execution(), title="How labels run")


def dask_setup(worker: object) -> None:
    """Leave a Ctrl-C to the flow, which ends its workers; Dask calls this in every one of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Pools:
    """The clusters of a site while a flow runs; `here` is the turn to work in the flow itself."""

    def __init__(self, site: Site, on_event: Callable[[str, float], None]) -> None:
        self.site = site
        self._on_event = on_event
        self._clusters: dict[Pool, tuple[LocalCluster, Client]] = {}
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
            client.close()
            cluster.close()

    def client(self, name: PoolName) -> Client | None:
        """The Dask client of a pool; None where the pool has no workers of its own."""
        pool: Pool = getattr(self.site, name)
        if pool.workers == 0:
            return None
        with self._lock:
            if pool not in self._clusters:
                self._clusters[pool] = self._start(pool)
            return self._clusters[pool][1]

    def _start(self, pool: Pool) -> tuple[LocalCluster, Client]:
        import dask
        from distributed import Client, LocalCluster  # whoever reads a campaign file needs none

        logging.getLogger("distributed").setLevel(logging.ERROR)  # Prefect makes it say all
        with dask.config.set({"distributed.nanny.pre-spawn-environ": ENVIRONMENT}):
            try:
                cluster = LocalCluster(
                    n_workers=pool.workers,
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address="127.0.0.1:0",
                    memory_limit=0,
                    silence_logs=logging.ERROR,
                    preload=[__name__],
                )
            except RuntimeError as error:  # Dask starts a dead worker anew, but not at first
                raise LostWorkers(
                    f"workers died as they started ({error}), perhaps for want of memory; what "
                    "was finished is in the lake, so give each worker more and run again"
                ) from error
        client = Client(cluster)
        client.subscribe_topic(TOPIC, self._forward)
        client.forward_logging("nearsight")
        return cluster, client

    def _forward(self, event: tuple[float, dict[str, Any]]) -> None:
        message = event[1]
        self._on_event(message["row"], message["fraction"])
