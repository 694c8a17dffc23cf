"""Jobs: workers that a batch system starts, by dask-jobqueue."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.errors import NoJobs
from tasks.jobqueue import dask_jobqueue
from tasks.sites import Pool

if TYPE_CHECKING:
    from dask_jobqueue.core import JobQueueCluster

CLUSTERS = {
    "slurm": "SLURMCluster",
    "pbs": "PBSCluster",
    "moab": "MoabCluster",
    "lsf": "LSFCluster",
    "sge": "SGECluster",
    "oar": "OARCluster",
}
JOB_ID = {
    "slurm": "SLURM_JOB_ID",
    "pbs": "PBS_JOBID",
    "moab": "PBS_JOBID",
    "lsf": "LSB_JOBID",
    "sge": "JOB_ID",
    "oar": "OAR_JOB_ID",
}
START = 300
"""Seconds that a worker may take to start; shared disks can be slow."""
DEATHS = 10
"""Workers that may die under a piece of work before it counts as what kills them."""


def start_jobs(
    pool: Pool,
    name: str,
    logs: Path,
    environment: Mapping[str, str],
    trouble: Callable[[Exception], None],
) -> JobQueueCluster:
    """A Dask cluster whose workers are jobs, one for each piece of work.

    It listens on the pool's network interface, with keys of its own, so that nobody else can
    give it work.

    Parameters
    ----------
    name
        Of its jobs.
    logs
        Folder for what jobs say, made here. While the cluster lives its keys lie there, too, in a
        folder that its owner alone can read.
    environment
        Variables of its workers.
    trouble
        Called when nobody does the work: see `Crew`.

    Raises
    ------
    NoJobs
        If dask-jobqueue is not installed, or there is no such network interface.
    """
    import dask
    from distributed.security import Security

    from tasks.crew import Crew

    package = dask_jobqueue()

    keys = logs / ".keys"
    logs.mkdir(parents=True, exist_ok=True)
    keys.mkdir(mode=0o700, exist_ok=True)
    settings = {
        "distributed.scheduler.allowed-failures": DEATHS,
        "distributed.scheduler.worker-saturation": 1.0,  # nothing waits at a worker that may die
    }
    try:
        with dask.config.set(settings):
            cluster = package.JobQueueCluster(
                job_cls=_job_class(getattr(package, CLUSTERS[pool.kind]).job_cls),
                name=f"{name}-{os.getpid()}",
                scheduler_options={"dashboard_address": "127.0.0.1:0"},
                security=Security.temporary(),
                shared_temp_directory=str(keys),
                **job_options(pool, name, logs, environment),
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise NoJobs(f"{name} cannot have jobs of {pool.kind}: {error}") from error
    Crew.of(cluster, pool, name, logs, trouble)
    return cluster


def job_options(
    pool: Pool, name: str, logs: Path, environment: Mapping[str, str]
) -> dict[str, Any]:
    """What a pool is in the words of dask-jobqueue."""
    assert pool.walltime is not None
    assert pool.lifetime is not None
    more = {
        "NEARSIGHT_JOB": f"${JOB_ID[pool.kind]}",
        "NEARSIGHT_LIFETIME": f"{pool.lifetime.total_seconds():.0f}",
    }
    exports = [f"export {key}={value}" for key, value in {**environment, **more}.items()]
    directives = list(pool.directives)
    options: dict[str, Any] = {}
    if pool.gpus and pool.kind == "slurm":
        directives.insert(0, f"--gres=gpu:{pool.gpus}")
    elif pool.gpus:
        memory = f"{math.ceil(1024 * (pool.memory or 0))}MB"  # PBS knows whole numbers alone
        resources = f"ncpus={pool.cores}:mem={memory}:ngpus={pool.gpus}"
        options["resource_spec"] = f"select=1:{resources}"
    return options | {
        "cores": pool.cores,
        "processes": 1,
        "memory": f"{pool.memory} GiB",
        "walltime": _hours(pool.walltime, seconds=pool.kind != "lsf"),
        "interface": pool.interface,
        "queue": pool.queue,
        "project" if pool.kind in ("lsf", "sge", "oar") else "account": pool.account,
        "job_name": name,
        "log_directory": str(logs),
        "death_timeout": START,
        "job_script_prologue": [*exports, *pool.setup],
        "job_extra_directives": directives,
        "worker_extra_args": [
            *("--preload", "tasks.retirement"),
            *("--dashboard-address", "127.0.0.1:0"),
        ],
    }


def _hours(walltime: timedelta, seconds: bool) -> str:
    minutes, rest = divmod(round(walltime.total_seconds()), 60)
    told = f"{minutes // 60:02d}:{minutes % 60:02d}"
    return f"{told}:{rest:02d}" if seconds else told


def _job_class(base: Any) -> Any:
    """A job of this batch system that says why it was refused, and does not raise."""
    from distributed.deploy.spec import ProcessInterface

    class Job(base):  # type: ignore[misc]
        worker_process_threads = 1  # one piece at a time, with all of its cores
        worker_process_memory = "0"  # the batch system keeps to memory limits
        refusal = ""
        began = False
        told = False

        async def start(self) -> None:
            self.asked = time.monotonic()
            try:
                await super().start()
            except FileNotFoundError as error:
                self.refusal = f"there is no command {error.filename} on this machine"
            except (OSError, RuntimeError, ValueError) as error:
                self.refusal = _words(str(error))
            if self.refusal:
                await ProcessInterface.start(self)

    return Job


def _words(error: str) -> str:
    """What a command said as it failed, in one line."""
    told, _, said = error.partition("stderr:\n")
    said = said.strip() or told.partition("stdout:\n")[2].strip() or error
    return "; ".join(line.strip() for line in said.splitlines() if line.strip())
