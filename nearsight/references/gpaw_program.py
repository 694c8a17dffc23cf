"""The program behind a label of GPAW, run alone or by every process of an MPI job.

GPAW is under the GPL: this file calls it through its Python interface, and no other file does.

Usage: python -m nearsight.references.gpaw_program IN.json OUT.json
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from dftd3.ase import DFTD3
from gpaw import GPAW, KohnShamConvergenceError
from gpaw.mpi import world
from gpaw.utilities.adjust_cell import adjust_cell
from numpy.typing import NDArray

from nearsight.references.base import Label, failed
from nearsight.references.gpaw import GPAWLevel
from nearsight.references.messages import pack_label, unpack_atoms

_MIXERS: tuple[dict[str, Any], ...] = (
    {},
    {"backend": "pulay", "method": "separate", "beta": 0.02, "nmaxold": 5, "weight": 100.0},
)
"""GPAW's own choice, and one that is slow and sure."""


def label(level: GPAWLevel, atoms: Atoms) -> Label:
    """Label one structure; trouble that is not about self-consistency is raised."""
    began = time.perf_counter()
    reason = ""
    for mixer in _MIXERS:
        try:
            energy, forces = compute(level, atoms.copy(), mixer)
        except KohnShamConvergenceError as error:
            reason = f"{type(error).__name__}: {error}"
            continue
        if not (np.isfinite(energy) and np.isfinite(forces).all()):
            raise ArithmeticError("energy or forces not finite")
        return Label("converged", energy, forces, None, time.perf_counter() - began)
    return failed("unconverged", reason, time.perf_counter() - began)


def compute(
    level: GPAWLevel, atoms: Atoms, mixer: dict[str, Any]
) -> tuple[float, NDArray[np.float64]]:
    """Energy in eV and forces in eV/Å; the free energy of the electrons, with dispersion."""
    atoms.cell[~atoms.pbc] = 0.0
    adjust_cell(atoms, level.vacuum, level.spacing)
    settings = {"mixer": mixer} if mixer else {}
    if level.kpoint_density and atoms.pbc.any():
        settings["kpts"] = {"density": level.kpoint_density, "gamma": True}
    atoms.calc = GPAW(
        mode="fd",
        h=level.spacing,
        xc=level.xc,
        occupations={"name": "fermi-dirac", "width": level.smearing},
        convergence={"density": level.density_error},
        maxiter=level.max_iterations,
        symmetry={"point_group": False},
        hund=len(atoms) == 1 and not atoms.pbc.any(),
        **settings,
    )
    energy, forces = atoms.get_potential_energy(force_consistent=True), atoms.get_forces()
    if level.dispersion:
        atoms.calc = DFTD3(damping="d3bj", params_tweaks={"method": level.xc, "atm": False})
        energy, forces = energy + atoms.get_potential_energy(), forces + atoms.get_forces()
    return float(energy), forces


def main(read: Path, write: Path) -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: ends with what started it
    work = json.loads(read.read_text())
    began = time.perf_counter()
    try:
        told = label(GPAWLevel.model_validate(work["level"]), unpack_atoms(work["atoms"]))
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {error}"
        keep(failed("crashed", message, time.perf_counter() - began), write)
        if world.size > 1:
            world.abort(1)  # the others wait for this process
    else:
        if world.rank == 0:
            keep(told, write)


def keep(told: Label, write: Path) -> None:
    part = write.with_suffix(f".{world.rank}")
    part.write_text(json.dumps(pack_label(told)))
    part.replace(write)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
