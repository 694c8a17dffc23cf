"""Crew: as many jobs as there is work, and word of those that will not come."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from distributed.deploy.adaptive import Adaptive

from tasks.errors import LostWorkers, NoJobs
from tasks.sites import Pool

LIVING = {"slurm": ("squeue", "--me", "--noheader", "--format=%i"), "pbs": ("qstat",)}
"""Commands that list jobs that wait or run, each with its number at the beginning of a line."""

INTERVAL = 2.0
"""Seconds after which the number of jobs is adapted to the work."""
IDLE = 300.0
"""Seconds without work after which a job ends: the next stage may need it."""
ASK = 20.0
"""Seconds after which the batch system is asked for jobs that have not come to work."""
TRIES = 3
"""Jobs in a row that may end before they come to work, while others are waited for."""
AGAIN = 60.0
"""Seconds after which a job that was refused is submitted again, while others work."""

_log = logging.getLogger("nearsight.jobs")


class Crew(Adaptive):  # type: ignore[misc]
    """Adapts the number of jobs to the work: one for each piece, up to the pool's workers.

    Where the batch system refuses jobs, or `TRIES` of them end before they come to work, or all,
    `trouble` is called: with `NoJobs`, or with `LostWorkers`. While there are other jobs it is a
    warning, and another one is submitted.
    """

    pool: Pool
    name: str
    logs: Path
    trouble: Callable[[Exception], None]
    asked: float
    in_vain: int

    @classmethod
    def of(
        cls,
        cluster: Any,
        pool: Pool,
        name: str,
        logs: Path,
        trouble: Callable[[Exception], None],
    ) -> None:
        """Have a cluster of jobs adapted."""
        crew = cluster.adapt(
            Adaptive=cls,
            minimum=pool.minimum,
            maximum=pool.workers,
            interval=INTERVAL,
            wait_count=round(IDLE / INTERVAL),
            target_duration="1ms",  # less than any piece of work
        )
        crew.pool, crew.name, crew.logs, crew.trouble = pool, name, logs, trouble
        crew.asked, crew.in_vain = time.monotonic(), 0

    async def adapt(self) -> None:
        await super().adapt()
        jobs = self.cluster.workers
        for job in [jobs[name] for name in self.observed & set(jobs)]:
            self.in_vain *= job.began
            job.began = True
        self._refused({name: job for name, job in jobs.items() if job.refusal})
        late = self.requested - self.observed
        if late and self.pool.kind in LIVING and time.monotonic() - self.asked > ASK:
            self.asked = time.monotonic()
            living = await _output(*LIVING[self.pool.kind])
            if living is not None:
                self._ended(living)

    def _refused(self, jobs: dict[str, Any]) -> None:
        alone = len(jobs) == len(self.cluster.workers)
        for name, job in jobs.items():
            if alone or time.monotonic() - job.asked > AGAIN:
                self._forget(name)
            if not job.told:
                job.told = True
                self._say(
                    NoJobs(f"{self.pool.kind} refuses jobs of {self.name}: {job.refusal}"), alone
                )

    def _ended(self, living: str) -> None:
        jobs = self.cluster.workers
        for name in (self.requested & set(jobs)) - self.observed:
            job = jobs[name]
            lives = re.search(rf"^\s*{job.job_id}\b", living, re.MULTILINE)
            if job.refusal or job.began or lives:  # Dask replaces those that began
                continue
            self._forget(name)
            ended = f"job {job.job_id} of {self.name} ended before it came to work"
            self.in_vain += 1
            alone = not jobs or self.in_vain >= TRIES
            self._say(LostWorkers(f"{ended}; {self._last_words(job.job_id)}"), alone)

    def _say(self, error: Exception, alone: bool) -> None:
        if alone:
            self.trouble(error)
        else:
            _log.warning("%s", error)

    def _forget(self, name: str) -> None:
        """Drop a job, so that another one can take its place."""
        self.cluster.workers.pop(name, None)
        self.cluster.worker_spec.pop(name, None)

    def _last_words(self, job_id: str) -> str:
        number = re.compile(rf"(?<!\d){job_id}(?!\d)")
        logs = self.logs.glob(f"{self.name}*")
        said = [path for path in logs if number.search(path.name) and path.stat().st_size]
        if not said:
            return f"it left no log in {self.logs}"
        newest = max(said, key=lambda path: path.stat().st_mtime)
        last = newest.read_text(errors="replace").strip().splitlines()[-1]
        return f"its log {newest} ends with: {last}"


async def _output(*command: str) -> str | None:
    """What a command says; None where it fails."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    said, _ = await process.communicate()
    return said.decode() if process.returncode == 0 else None
