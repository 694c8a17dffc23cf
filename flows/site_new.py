"""A new site file: what is found on this machine, and what becomes of a user's answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

SYSTEMS = {
    "slurm": "sbatch",
    "moab": "msub",
    "lsf": "bsub",
    "oar": "oarsub",
    "sge": "qconf",
    "pbs": "qsub",
}
"""Batch systems, each by a command that only it has among those before it and itself."""


@dataclass(frozen=True)
class Local:
    """Processes of this machine."""

    processes: int
    mpi: int
    command: str
    lake: str


@dataclass(frozen=True)
class Jobs:
    """Jobs of a batch system; queues, cores and memory of walks and training, and of labels."""

    kind: str
    workers: int
    queue: str
    cores: int
    memory: float
    gpus: int
    label_queue: str
    mpi: int
    command: str
    label_memory: float
    walltime: str
    account: str
    interface: str
    setup: Sequence[str]
    lake: str


def batch_systems() -> list[str]:
    """Batch systems whose commands are on this machine."""
    return [kind for kind, command in SYSTEMS.items() if shutil.which(command)]


def partitions() -> list[str]:
    """Partitions of Slurm, the default one first; none where it does not answer."""
    try:
        asked = ["sinfo", "--noheader", "--format=%P"]
        said = subprocess.run(asked, capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = sorted(said.split(), key=lambda name: not name.endswith("*"))
    return [name.rstrip("*") for name in names]


def cards() -> dict[str, str]:
    """Network cards with their IPv4 addresses, those that nodes most likely see first."""
    found = {
        name: address.address
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family.name == "AF_INET"
    }
    return dict(sorted(found.items(), key=lambda card: (card[0] == "lo", card[0][:2] != "ib")))


def seconds(walltime: str) -> int:
    """Of HH:MM:SS."""
    hours, minutes, rest = map(int, walltime.split(":"))
    return 3600 * hours + 60 * minutes + rest


def compose(answers: Local | Jobs) -> str:
    """The text of a site file."""
    told = _local(answers) if isinstance(answers, Local) else _jobs(answers)
    if answers.lake:
        told += [(f"lake: {_quoted(answers.lake)}", "of flows here that name none")]
    lines = (f"{line:<31} # {why}\n" if why else f"{line}\n" for line, why in told)
    return f"# Written by `nearsight site new`; docs/sites.md says more.\n{''.join(lines)}"


Lines = list[tuple[str, str]]


def _local(answers: Local) -> Lines:
    labels = max(1, answers.processes // answers.mpi)
    told = [
        (f"md: {{workers: {answers.processes}}}", "walks and relaxations"),
        (f"qm: {{workers: {labels}}}", "labels"),
        ("train: {workers: 1}", ""),
        (f"cpu: {{workers: {answers.processes}}}", "all else"),
    ]
    if answers.command:
        told += [("labels:", ""), (f"  command: {_quoted(answers.command)}", "put before GPAW")]
    return told


def _jobs(answers: Jobs) -> Lines:
    told: Lines = [
        ("md: &md", "walks and relaxations"),
        *_pool(answers, answers.queue, answers.cores, answers.memory),
    ]
    if answers.gpus:
        told += [(f"  gpus: {answers.gpus}", "")]
    told += [
        ("train: *md", "shares the jobs of md"),
        ("qm:", "labels"),
        *_pool(answers, answers.label_queue, answers.mpi, answers.label_memory),
    ]
    if answers.mpi > 1 and answers.kind == "slurm":
        tasks = f"[--ntasks={answers.mpi}, --cpus-per-task=1]"
        told += [(f"  directives: {tasks}", "")]
    told += [("cpu: {workers: 2}", "densities, errors: beside the flow"), ("labels:", "")]
    if answers.command:
        told += [(f"  command: {_quoted(answers.command)}", "put before GPAW")]
    limit = seconds(answers.walltime) // 2
    told += [
        (f"  time_limit: {limit}", "s; must fit into a walltime"),
        ("logs: logs", "of jobs, beside this file; all nodes must see it"),
    ]
    return told


def _pool(answers: Jobs, queue: str, cores: int, memory: float) -> Lines:
    told = [
        (f"  kind: {answers.kind}", ""),
        (f"  workers: {answers.workers}", "jobs at most; there are as many as there is work"),
    ]
    if queue:
        told += [(f"  queue: {_quoted(queue)}", "")]
    if answers.account:
        told += [(f"  account: {_quoted(answers.account)}", "")]
    told += [
        (f"  cores: {cores}", ""),
        (f"  memory: {memory:g}", "GiB a job"),
        (f"  walltime: {answers.walltime}", ""),
        (f"  interface: {_quoted(answers.interface)}", "by which nodes reach this machine"),
    ]
    if answers.setup:
        told += [("  setup:", ""), *((f"    - {_quoted(line)}", "") for line in answers.setup)]
    return told


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
