"""Batch systems: whether the one that a pool names is there."""

from __future__ import annotations

import shutil
import subprocess

from tasks.crew import LIVING
from tasks.jobqueue import dask_jobqueue
from tasks.jobs import CLUSTERS
from tasks.probes import Amiss
from tasks.sites import Kind

ANSWER = 60.0
"""Seconds that it may take to answer."""


def answers(kind: Kind) -> str:
    """Ask a batch system for the jobs of this user.

    Raises
    ------
    Amiss
        If its commands are not on this machine, or it does not answer.
    NoJobs
        If dask-jobqueue is not installed.
    """
    job = getattr(dask_jobqueue(), CLUSTERS[kind]).job_cls
    ask = LIVING.get(kind, ())
    commands = [job.submit_command, job.cancel_command, *ask[:1]]
    if missing := [command for command in commands if shutil.which(command) is None]:
        raise Amiss(
            f"there is no {' or '.join(missing)} on this machine: run flows where jobs are "
            "submitted, such as a login node, or load the batch system's module before"
        )
    found = f"{', '.join(commands)} are here"
    if not ask:
        return found
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=ANSWER)
    except subprocess.TimeoutExpired:
        raise Amiss(f"{ask[0]} has not answered for {ANSWER:.0f} s: try again later") from None
    said = " ".join(done.stderr.split())
    if done.returncode and said:  # some have a status of their own for no jobs, and say nothing
        raise Amiss(f"{ask[0]} fails ({said}): ask those who run the batch system")
    return f"{found}, and it answers"
