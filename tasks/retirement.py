"""Retirement: a worker leaves its job before the batch system ends it; Dask preloads this file."""

from __future__ import annotations

import asyncio
import os
import random
import signal
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
    """Have a worker retire in time; Dask calls this in every worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    life = float(os.environ["NEARSIGHT_LIFETIME"]) * random.uniform(1 - STAGGER, 1)
    worker.loop.call_later(LAST_PIECE * life, _retire, worker, time.monotonic() + life)


async def _retire(worker: Worker, end: float) -> None:
    """Take no new piece, finish the present one if that is done before `end`, and leave.

    What is not finished is given to another worker, and does not count as a worker's death.
    """
    address = [worker.address]
    await worker.scheduler.retire_workers(workers=address, remove=False)
    while worker.state.executing and time.monotonic() < end:
        await asyncio.sleep(0.2)
    await worker.scheduler.retire_workers(workers=address, remove=True)
    await worker.close(nanny=True, executor_wait=False, reason="walltime")


def place() -> str | None:
    """Where this process works: its job, node and log; None where it is in no job."""
    job = os.environ.get("NEARSIGHT_JOB")
    if job is None:
        return None
    return f"job {job} on {os.uname().nodename}, log {Path('/proc/self/fd/2').readlink()}"
