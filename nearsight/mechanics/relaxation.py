"""Relaxation of a periodic structure, at a fixed volume or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.filters import FrechetCellFilter
from pydantic import Field

from nearsight.mechanics.downhill import Downhill
from nearsight.mechanics.points import Array
from nearsight.spec import Spec

Status = Literal["converged", "unconverged", "diverged", "crashed"]

LARGEST_STRETCH = 2.0
"""A cell that a relaxation makes longer or shorter than this in some direction has run away."""


class Relaxation(Spec):
    """What moves in a relaxation, and when it ends."""

    moves: Literal["positions and shape", "positions only", "positions and cell"] = Field(
        default="positions and shape",
        title="What moves",
        description="the volume stays but with 'positions and cell'",
    )
    max_force: float = Field(
        default=0.01, gt=0, title="Largest force that is left", description="eV/Å"
    )
    max_stress: float = Field(
        default=0.01,
        gt=0,
        title="Largest stress that is left",
        description="GPa; of the components that the moves of the cell can relax",
    )
    max_steps: int = Field(default=1000, ge=0, title="Most steps")
    rattle: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        title="Random displacement of the start",
        description="Å, standard deviation; lets a structure leave a symmetry that is not stable",
    )
    seed: int = Field(default=0, ge=0, title="Seed of the random displacement")
    compiled: bool = Field(
        default=False,
        title="Compiled potential",
        description="faster steps, after a minute or two for the first on a machine with a "
        "potential of this architecture; rounds otherwise. For who drives the relaxation",
        exclude_if=lambda compiled: not compiled,  # relaxations without keep their keys
    )


@dataclass(frozen=True)
class Relaxed:
    """Where a relaxation ended.

    Attributes
    ----------
    atoms
        The last structure, without a calculator; of a relaxation that diverged or crashed the
        last one that still had finite forces.
    status
        "converged"; "unconverged" after the most steps; "diverged" where numbers are not finite
        or the cell ran away; "crashed" where the calculator or the optimizer raised.
    message
        Why it failed; empty when converged.
    steps
        How many were taken.
    energy
        eV; None unless converged.
    stress
        (3, 3) in GPa, positive under tension; None unless converged.
    """

    atoms: Atoms
    status: Status
    message: str
    steps: int
    energy: float | None = None
    stress: Array | None = None

    @property
    def pressure(self) -> float | None:
        """GPa; None unless converged."""
        return None if self.stress is None else float(-np.trace(self.stress) / 3.0)


def relax(atoms: Atoms, calculator: Calculator, spec: Relaxation | None = None) -> Relaxed:
    """Relax a copy of `atoms`; a relaxation that fails is a status, never an exception.

    The cell moves along the logarithm of its deformation, whose trace stays zero at a fixed
    volume, so that the volume stays to rounding (ASE's ``FrechetCellFilter``). The stress that is
    left there is a pressure alone. Without `spec.rattle` a relaxation keeps the symmetry of its
    start, even where that is a saddle.

    Parameters
    ----------
    atoms
        Periodic in all three directions; at a fixed volume it has the volume that is wanted.
    calculator
        Any ASE calculator with forces and stress.
    spec
        What moves, and when it ends.

    Raises
    ------
    ValueError
        If `atoms` are not periodic in three directions, or the calculator has no stress.
    """
    spec = spec or Relaxation()
    if not (atoms.pbc.all() and atoms.cell.rank == 3):
        raise ValueError("a relaxation needs a structure that is periodic in three directions")
    if "stress" not in calculator.implemented_properties:
        raise ValueError(f"{type(calculator).__name__} has no stress, which a relaxation needs")
    moving, sane, steps = atoms.copy(), atoms.copy(), 0
    moving.rattle(spec.rattle, seed=spec.seed)
    moving.calc = calculator
    try:
        optimizer = Downhill(_body(moving, spec), moving)
        for _ in optimizer.irun(fmax=0.0, steps=spec.max_steps):
            steps = optimizer.nsteps
            if reason := _runaway(moving, atoms):
                return Relaxed(sane, "diverged", reason, steps)
            sane = moving.copy()
            force = float(np.linalg.norm(moving.get_forces(), axis=1).max())
            stress = _left(moving, spec)
            if force <= spec.max_force and stress <= spec.max_stress:
                return Relaxed(sane, "converged", "", steps, *_numbers(moving))
    except Exception as error:  # calculators raise what they will
        return Relaxed(sane, "crashed", f"{type(error).__name__}: {error}", steps)
    reason = f"{force:.2g} eV/Å and {stress:.2g} GPa are left"
    return Relaxed(sane, "unconverged", reason, steps)


def _body(atoms: Atoms, spec: Relaxation) -> Atoms | FrechetCellFilter:
    """Return what moves; a cell counts as stiff as its atoms, whose number makes it stiffer."""
    if spec.moves == "positions only":
        return atoms
    fixed = spec.moves == "positions and shape"
    return FrechetCellFilter(
        atoms, constant_volume=fixed, exp_cell_factor=2.0 * np.sqrt(len(atoms))
    )


def _numbers(atoms: Atoms) -> tuple[float, Array]:
    stress = np.asarray(atoms.get_stress(voigt=False)) / units.GPa
    return float(atoms.get_potential_energy()), stress


def _left(atoms: Atoms, spec: Relaxation) -> float:
    """Return the largest stress that the cell could still relax, GPa."""
    if spec.moves == "positions only":
        return 0.0
    _, stress = _numbers(atoms)
    if spec.moves == "positions and shape":
        stress = stress - np.trace(stress) / 3.0 * np.eye(3)
    return float(np.abs(stress).max())


def _runaway(atoms: Atoms, start: Atoms) -> str:
    """Return why a structure is not sane, or an empty string."""
    if not np.isfinite(atoms.positions).all() or not np.isfinite(atoms.cell.array).all():
        return "positions or cell are not finite"
    stretches = np.linalg.svd(np.linalg.solve(start.cell.array, atoms.cell.array))[1]
    if stretches.max() > LARGEST_STRETCH or stretches.min() < 1.0 / LARGEST_STRETCH:
        return f"the cell ran away: it is {stretches.max():.2g} times as long in one direction"
    energy, stress = _numbers(atoms)
    if not (np.isfinite(energy) and np.isfinite(stress).all()):
        return "energy or stress are not finite"
    if not np.isfinite(atoms.get_forces()).all():
        return "forces are not finite"
    return ""
