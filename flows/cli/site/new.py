"""`nearsight site new`: a site file from a few questions."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.prompt import FloatPrompt, IntPrompt, InvalidResponse, Prompt

from flows.cli.app import console, refuse, told
from flows.cli.site.verbs import verbs

if TYPE_CHECKING:
    from flows.site_new import Jobs, Local


class Number(IntPrompt):
    """How many of something; there may be none where the default is none."""

    def process_response(self, value: str) -> int:
        number = super().process_response(value)
        if number < 0:
            raise InvalidResponse("it is less than nothing")
        return number


class Some(Number):
    """How many of something that must be there."""

    def process_response(self, value: str) -> int:
        number = super().process_response(value)
        if number == 0:
            raise InvalidResponse("one at least is needed")
        return number


class Size(FloatPrompt):
    """How much of something."""

    def process_response(self, value: str) -> float:
        size = super().process_response(value)
        if not size > 0:
            raise InvalidResponse("it must be more than nothing")
        return size


class Walltime(Prompt):
    """HH:MM:SS, long enough for a worker to start and leave."""

    def process_response(self, value: str) -> str:
        from flows.site_new import seconds

        if not re.fullmatch(r"\d+:[0-5]\d:[0-5]\d", value.strip()):
            raise InvalidResponse("write HH:MM:SS, such as 24:00:00")
        if seconds(value) < 120:
            raise InvalidResponse("two minutes at least are needed")
        return value.strip()


@verbs.command()
def new(
    file: Annotated[Path, typer.Argument(help="YAML file to write")] = Path("site.yaml"),
) -> None:
    """Ask what a site has, and write its file."""
    from flows.parameters import BadParameters, read_parameters
    from flows.site_new import SYSTEMS, batch_systems, compose
    from tasks.sites import Site

    if file.exists():
        refuse(f"{file} is there already: name another file, or remove it")
    if not sys.stdin.isatty():
        refuse(
            "this asks questions, and nobody is there to answer: run it in a terminal, or copy "
            "one of deployments/sites"
        )
    console.print("Enter takes what stands in parentheses.")
    try:
        found = [*batch_systems(), "local"]
        kind = Prompt.ask("Batch system, or local", choices=["local", *SYSTEMS], default=found[0])
        answers = _local() if kind == "local" else _jobs(kind)
    except (EOFError, KeyboardInterrupt):
        refuse("interrupted; nothing was written", 130)
    with told():
        try:
            with file.open("x", encoding="utf-8") as written:
                written.write(compose(answers))
        except OSError as error:
            refuse(f"{file} cannot be written: {error.strerror}")
        try:
            read_parameters(file, Site)
        except BadParameters:
            file.unlink()
            raise
    for line in (f"Site: {file}", f"Try it: nearsight site check {file}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _local() -> Local:
    from flows.site_new import Local

    cores = len(os.sched_getaffinity(0))
    processes = Some.ask("Processes at work at once", default=cores)
    mpi = Some.ask("MPI processes of a label by GPAW", default=1)
    return Local(processes, mpi, _launcher("local", mpi), _lake())


def _jobs(kind: str) -> Jobs:
    from flows.site_new import Jobs, cards, partitions

    queues = partitions() if kind == "slurm" else []
    if queues:
        console.print(f"Partitions: {', '.join(queues)}", highlight=False, markup=False)
    queue = _perhaps("Queue or partition of walks and training", [*queues, ""][0])
    gpus = Number.ask("GPUs of such a job", default=0) if kind in ("slurm", "pbs") else 0
    cores = Some.ask("Cores of such a job", default=1)
    memory = Size.ask("Memory of such a job, GiB", default=8.0)
    label_queue = _perhaps("Queue or partition of labels", queue)
    mpi = Some.ask("Cores of a label, and MPI processes of GPAW", default=16)
    command = _launcher(kind, mpi)
    label_memory = Size.ask("Memory of a label's job, GiB", default=4.0 * mpi)
    walltime = Walltime.ask("Walltime of all jobs", default="24:00:00")
    workers = Some.ask("Jobs at most of each kind", default=8)
    account = _perhaps("Account or project that pays; empty: none")
    found = cards()
    shown = ", ".join(f"{name} ({address})" for name, address in found.items())
    console.print(f"Network cards of this machine: {shown}", highlight=False, markup=False)
    card = "Card by which nodes reach this machine"
    interface = Prompt.ask(card, choices=list(found), default=next(iter(found)), show_choices=False)
    setup = []
    while line := _perhaps("Command that jobs begin with, such as module load; empty: no more"):
        setup.append(line)
    return Jobs(
        kind=kind,
        workers=workers,
        queue=queue,
        cores=cores,
        memory=memory,
        gpus=gpus,
        label_queue=label_queue,
        mpi=mpi,
        command=command,
        label_memory=label_memory,
        walltime=walltime,
        account=account,
        interface=interface,
        setup=setup,
        lake=_lake(),
    )


def _launcher(kind: str, mpi: int) -> str:
    if mpi == 1:
        return ""
    start = "srun" if kind == "slurm" else "mpiexec"
    return Prompt.ask("Command that starts its MPI processes", default=f"{start} -n {mpi}")


def _lake() -> str:
    return _perhaps("Lake of this site, a folder or s3://bucket/prefix; empty: flows name theirs")


def _perhaps(question: str, default: str = "") -> str:
    return Prompt.ask(question, default=default, show_default=bool(default)).strip()
