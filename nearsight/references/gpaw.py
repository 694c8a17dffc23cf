"""Density-functional theory on a grid by GPAW: the paper's level of theory (Section 2.2)."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from ase import Atoms
from pydantic import Field

from nearsight.references.base import Label, MissingEngine, failed
from nearsight.references.execution import Execution
from nearsight.references.messages import pack_atoms, unpack_label
from nearsight.references.process import how_it_ended, python, start, stop
from nearsight.spec import Spec


def _name(told: dict[str, Any]) -> str:
    functional = told["xc"] + ("-D3(BJ)" if told["dispersion"] else "")
    return f"{functional}, h = {told['spacing']:g} Å"


class GPAWLevel(Spec, title="GPAW"):
    """Finite differences by GPAW, with the same settings for crystals and clusters.

    The defaults are the paper's level of theory. Crystals are periodic; clusters stand in a box
    of vacuum with zero boundary conditions. Structures are neutral and closed shell, but an atom
    alone is spin polarised by Hund's rules.
    """

    kind: Literal["gpaw"] = Field("gpaw", title="Kind")
    xc: str = Field("PBE", pattern=r"^[\w+-]+$", title="Exchange and correlation")
    dispersion: bool = Field(
        True, title="D3(BJ) dispersion", description="pairwise, with the functional's parameters"
    )
    spacing: float = Field(0.175, gt=0, title="Grid spacing", description="Å")
    vacuum: float = Field(
        4.0, gt=0, title="Vacuum", description="Å; between a cluster and its box on every side"
    )
    kpoint_density: float = Field(
        0.0,
        ge=0,
        title="k-point density of crystals",
        description="Å; k-points per Å⁻¹ along reciprocal vectors, 0 for the Gamma point alone",
    )
    smearing: float = Field(0.05, ge=0, title="Fermi-Dirac width", description="eV")
    density_error: float = Field(
        1e-4, gt=0, title="Convergence of the density", description="electrons a valence electron"
    )
    max_iterations: int = Field(
        150, ge=1, title="Iterations to self-consistency at most", description="of every attempt"
    )
    name: str = Field(
        default_factory=_name, min_length=1, title="Name", description="shown with every label"
    )


class GPAWReference:
    """GPAW at work: a program of its own for every label, alone or under MPI.

    Parameters
    ----------
    level
        Its settings.
    execution
        How it runs.

    Raises
    ------
    MissingEngine
        If GPAW or dftd3 is not installed.
    ValueError
        If there is no program of the name that the command begins with, or D3(BJ) has no
        parameters for the functional.
    """

    def __init__(self, level: GPAWLevel, execution: Execution) -> None:
        for package in ("gpaw", "dftd3"):
            if find_spec(package) is None:
                raise MissingEngine(
                    f"{level.name} needs the package {package}, which is not installed: "
                    "pip install 'nearsight[gpaw]', or `make engines`, which builds it with MPI"
                )
        if level.dispersion:
            _dispersion_is_known(level)
        self._level, self._execution = level, execution
        self._command = shlex.split(execution.command)
        if self._command and shutil.which(self._command[0]) is None:
            raise ValueError(f"the command {execution.command!r} names no program of this machine")

    def label(self, atoms: Atoms) -> Label:
        """Label one structure; a calculation that fails is a status, never an exception.

        A calculation that does not become self-consistent is tried again with gentler mixing
        before it is "unconverged". The energy is the free energy of the electrons, whose
        derivatives the forces are. Finite differences have no stress. The log is what GPAW wrote.
        """
        began = time.perf_counter()
        scratch = self._execution.scratch
        try:
            with TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
                return self._run(atoms, Path(folder), began)
        except (OSError, ValueError) as error:
            return failed("crashed", str(error), time.perf_counter() - began)

    def _run(self, atoms: Atoms, folder: Path, began: float) -> Label:
        work = {"level": self._level.model_dump(), "atoms": pack_atoms(atoms)}
        (folder / "in.json").write_text(json.dumps(work))
        program = python("nearsight.references.gpaw_program", "in.json", "out.json")
        limit, memory = self._execution.time_limit, self._execution.memory_limit
        with (folder / "log.txt").open("wb") as file:
            process = start([*self._command, *program], file, memory, str(folder))
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                message = f"killed at its time limit of {limit:g} s"
                return failed("timeout", message, time.perf_counter() - began, _log(folder))
            finally:
                stop(process)
        said = folder / "out.json"
        if not said.exists():
            log = _log(folder)
            last = log.strip().rpartition("\n")[2]
            message = f"GPAW left no label, {how_it_ended(process.returncode)}: {last}"
            return failed("crashed", message, time.perf_counter() - began, log)
        return replace(unpack_label(json.loads(said.read_text())), log=_log(folder))


def _dispersion_is_known(level: GPAWLevel) -> None:
    from dftd3.interface import RationalDampingParam

    try:
        RationalDampingParam(method=level.xc)
    except RuntimeError as error:
        raise ValueError(
            f"D3(BJ) has no parameters for xc {level.xc!r} ({error}); set dispersion to false, or "
            "take another functional"
        ) from error


def _log(folder: Path) -> str:
    return (folder / "log.txt").read_text(errors="replace")
