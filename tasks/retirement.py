"""Retirement: a worker leaves its job before the batch system ends it; Dask preloads this file."""

from __future__ import annotations

import asyncio
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import Worker

LAST_PIECE = 0.9
"""Share of its life after which a worker takes no new piece of work."""
STAGGER = 0.05
"""Share of its life by which a worker may leave early, so that not all leave at once."""


async def dask_setup(worker: Worker) -> None:
    """Have a worker retire in time; Dask calls this in every worker of a job."""
    import tasks.workplace  # noqa: F401  not while the first piece waits
    from tasks.said import tell_the_flow

    tell_the_flow()
    life = float(os.environ["NEARSIGHT_LIFETIME"]) * random.uniform(1 - STAGGER, 1)
    worker.loop.call_later(LAST_PIECE * life, _retire, worker, time.monotonic() + life)


async def _retire(worker: Worker, end: float) -> None:
    """Take no new piece, finish the present one if that is done before `end`, and leave.

    What is not finished is given to another worker, and does not count as a worker's death.
    """
    from distributed import Status

    worker.status = Status.closing_gracefully
    while worker.state.executing and time.monotonic() < end:
        await asyncio.sleep(0.2)
    try:
        await worker.rpc(worker.nanny).close_gracefully(reason="walltime")
        await worker.scheduler.unregister(
            address=worker.address, expected=True, close=False, stimulus_id="walltime"
        )
        await worker.close(nanny=False, executor_wait=False, reason="walltime")
    finally:
        os._exit(0)  # what is still at work here would keep the job


def place() -> str | None:
    """Where this process works: its job, node and log; None where it is in no job."""
    job = os.environ.get("NEARSIGHT_JOB")
    if job is None:
        return None
    return f"job {job} on {os.uname().nodename}, log {Path('/proc/self/fd/2').readlink()}"
