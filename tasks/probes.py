"""Probes: what a site is asked to do before any work, at the place where that work will run.

Each returns what it saw, or raises `Amiss` with what to do.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from nearsight.references import Execution, GPAWLevel, Label, MissingEngine, reference
from nearsight.references.process import python
from tasks.retirement import place

PACKAGES = ("nearsight", "numpy", "ase", "torch", "nequip", "openmm", "icechunk", "distributed")
"""What every worker must have."""
ENGINES = ("sevenn", "tblite", "gpaw", "dftd3")
"""What workers must have if the flow's machine has it."""

COARSE = GPAWLevel(spacing=0.25, vacuum=3.0)
"""Hydrogen takes seconds, and its box can be shared among hundreds of processes."""
GPAW_LIMIT = 300.0
"""Seconds that GPAW may take for it."""


class Amiss(Exception):
    """Something is not as work needs it; the message says what, and what to do."""


class Absent(Exception):
    """What only some work needs is not there."""


def arrive() -> str:
    """Where this worker is."""
    return place() or f"processes on {platform.node()}"


def installed() -> str:
    """Whether a flow of this machine could label by GPAW, in jobs."""
    try:
        reference(COARSE, Execution())
    except MissingEngine as error:
        raise Absent(f"{error}") from None
    return "installed"


@dataclass(frozen=True)
class Environment:
    """The Python of a process, versions of packages, and why some cannot be imported."""

    python: str
    versions: dict[str, str]
    faults: dict[str, str]


def environment(packages: Iterable[str]) -> Environment:
    """Import packages here, in a process of their own."""
    done = subprocess.run(python("tasks.packages", *packages), capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        return Environment(sys.executable, {}, {"Python": said[-1]})
    versions, faults = json.loads(done.stdout.splitlines()[-1])
    return Environment(sys.executable, versions, faults)


def compare(there: Environment, here: Environment) -> str:
    """Refuse a worker's environment that is not that of the flow."""
    if there.faults:
        listed = "; ".join(f"{name}: {fault}" for name, fault in there.faults.items())
        raise Amiss(
            f"cannot be imported ({listed}): {there.python} there must have all packages, so "
            "install what is missing, or let `setup` load it"
        )
    differ = {name for name, told in there.versions.items() if told != here.versions.get(name)}
    if differ:
        listed = ", ".join(
            f"{name} {there.versions[name]} there and {here.versions.get(name, 'none')} here"
            for name in sorted(differ)
        )
        raise Amiss(f"other versions: {listed}; install the same at both")
    shown = ("Python", "nearsight", "torch")
    told = ", ".join(f"{name} {there.versions[name]}" for name in shown)
    return f"{told} and {len(there.versions) - len(shown)} more, as here"


def gpu(wanted: int) -> str:
    """The GPUs of this worker."""
    import_module("torch")
    from nearsight.potentials.nequip import gpus

    try:
        seen = gpus()
    except RuntimeError as error:
        raise Amiss(
            f"torch {version('torch')} cannot use the GPU there ({error}): install a build of "
            "torch for that GPU and its driver"
        ) from None
    if len(seen) < wanted:
        raise Amiss(
            f"torch {version('torch')} sees {len(seen)} where the pool asks for {wanted}: take a "
            "queue whose nodes have GPUs, let `setup` load their driver, and install a build of "
            "torch with CUDA"
        )
    return ", ".join(seen)


def logs(folder: Path, name: str) -> None:
    """Answer a note in the folder of logs."""
    try:
        (folder / f"{name}.answer").write_bytes((folder / name).read_bytes())
    except OSError as error:
        raise Amiss(
            f"a job cannot use {folder} ({error.strerror}): set `logs` to a folder that all nodes "
            "see and may write to"
        ) from None


def scratch(folder: Path | None) -> str:
    """Write where labels work."""
    try:
        with tempfile.TemporaryDirectory(dir=folder) as made:
            (Path(made) / "probe").write_bytes(b"probe")
            free = shutil.disk_usage(made).free / 1e9
            return f"{folder or tempfile.gettempdir()} has {free:.0f} GB free"
    except OSError as error:
        raise Amiss(
            f"{folder or tempfile.gettempdir()} cannot be written to ({error.strerror}): set "
            "labels.scratch to a folder that is there on every node"
        ) from None


def gpaw(execution: Execution) -> str:
    """Label a molecule of hydrogen."""
    from ase.build import molecule

    limited = min(execution.time_limit, GPAW_LIMIT)
    try:
        engine = reference(COARSE, execution.model_copy(update={"time_limit": limited}))
    except MissingEngine:
        raise Absent("not installed there; GFN1-xTB, a teacher and others do without") from None
    except ValueError as error:
        raise Amiss(f"{error}; load it by a line of qm.setup, or change `labels`") from None
    told = engine.label(molecule("H2"))
    if told.status != "converged":
        raise Amiss(
            f"{told.status}: {_reason(told)}; check labels.command, its MPI, which must be the one "
            "that GPAW was built with, and with Slurm directives: [--ntasks=N, --cpus-per-task=1]"
        )
    cores = [line.rpartition(":")[2] for line in told.log.splitlines() if _CORES in line]
    if len(cores) > 1:
        raise Amiss(
            f"{len(cores)} processes each computed all of it: GPAW there has no MPI, or not that "
            f"of {execution.command!r}"
        )
    return f"H2 in {told.seconds:.0f} s, MPI processes: {int(cores[0])}"


_CORES = "Total number of cores used"


def _reason(label: Label) -> str:
    """Why a label failed; mpiexec puts its reasons between dashed lines."""
    if not label.message.endswith("---"):
        return label.message
    lines = [line.strip() for line in label.log.splitlines() if line.strip(" -")]
    return " ".join(lines[:3])
