"""Langevin dynamics by OpenMM, at constant volume or constant pressure."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import openmm
from ase import Atoms, units
from numpy.typing import NDArray
from openmm import unit

from nearsight.potentials.base import NoAnswer, Potential
from nearsight.sampling.barostat import Rescaling
from nearsight.sampling.base import InsaneStart, Progress, Trajectory, WalkSpec
from nearsight.sampling.guards import Guards
from nearsight.sampling.surface import KJ_PER_MOL, Surface


@dataclass(frozen=True)
class _Snapshot:
    time: float
    positions: NDArray[np.float64]
    cell: NDArray[np.float64]
    energy: float
    temperature: float


class OpenMM:
    """Sampler for NVT and NPT walks (paper, Section 3).

    OpenMM's Langevin middle integrator moves the atoms; `Rescaling` moves the cell, from the
    stress that comes with every evaluation. The cell lives here, not in OpenMM, so positions
    stay unwrapped and in the orientation of the start, and any cell will do. A step costs one
    evaluation of the potential. The same start, potential, spec and seed give the same
    trajectory to the last bit on the same machine, whatever else runs in the process.
    """

    def walk(
        self,
        atoms: Atoms,
        potential: Potential,
        spec: WalkSpec,
        seed: int,
        progress: Progress | None = None,
        template: Atoms | None = None,
    ) -> Trajectory:
        """Walk from `atoms` with Maxwell-Boltzmann velocities and a pressure drawn by `seed`.

        A walk that a guard or OpenMM itself stops ends at its last sane frame, with the reason
        in `Trajectory.stop`. Constraints and momenta of `atoms` are ignored. What the walk must not
        lose, bonds and volume, is that of `template`.

        Raises
        ------
        ValueError
            If `atoms` is not periodic in three directions.
        InsaneStart
            If it is not sane to begin with.
        """
        if not atoms.pbc.all() or atoms.cell.rank < 3:
            raise ValueError(
                "OpenMM walks need a structure that is periodic in three directions; "
                f"{atoms.get_chemical_formula()} has pbc {atoms.pbc.tolist()}"
            )
        return _Walk(atoms, potential, spec, seed, template or atoms).run(progress)


class _Walk:
    def __init__(
        self, atoms: Atoms, potential: Potential, spec: WalkSpec, seed: int, template: Atoms
    ) -> None:
        self._spec = spec
        self._rng = np.random.default_rng(seed)
        self._numbers = atoms.numbers.astype(np.int64)
        self._masses = atoms.get_masses()[:, None]
        self._guards = Guards(spec, template)
        self._surface = Surface(atoms, potential)
        self._pressure = None if spec.pressure is None else float(self._rng.uniform(*spec.pressure))
        self._barostat = None
        if self._pressure is not None:
            self._barostat = Rescaling(
                temperature=spec.temperature,
                pressure=self._pressure,
                timestep=spec.timestep,
                relaxation=spec.barostat_time,
                bulk_modulus=spec.bulk_modulus,
                volume=atoms.get_volume(),
            )
        self._context = self._start(atoms)

    def _start(self, atoms: Atoms) -> openmm.Context:
        spec = self._spec
        system = openmm.System()
        for mass in self._masses[:, 0]:
            system.addParticle(mass)
        system.addForce(openmm.PythonForce(self._surface, {}))
        integrator = openmm.LangevinMiddleIntegrator(
            spec.temperature, spec.friction, 1e-3 * spec.timestep
        )
        integrator.setRandomNumberSeed(int(self._rng.integers(1, 2**31 - 1)))  # 0 is no seed
        platform = openmm.Platform.getPlatformByName("CPU")  # its random numbers are its own
        context = openmm.Context(system, integrator, platform, {"Threads": "1"})
        kt = units.kB * spec.temperature * KJ_PER_MOL
        context.setPositions(atoms.positions / 10.0)
        context.setVelocities(
            np.sqrt(kt / self._masses) * self._rng.standard_normal((len(atoms), 3))
        )
        return context

    def run(self, progress: Progress | None) -> Trajectory:
        began = time.perf_counter()
        spec = self._spec
        n_steps = max(1, round(spec.duration / spec.timestep))
        stride = max(1, round(spec.frame_interval / spec.timestep))
        last, why = self._look(0)
        if last is None or not np.isfinite(last.energy):
            raise InsaneStart(why)
        kept = [last]
        step = 0
        while not why and step < n_steps:
            step += 1
            seen, why = self._advance(step)
            if seen is None or why:
                break
            last = seen
            if step % stride == 0:
                kept.append(last)
            if progress is not None and step * 100 // n_steps > (step - 1) * 100 // n_steps:
                progress(step / n_steps)
        if kept[-1] is not last:
            kept.append(last)
        return Trajectory(
            numbers=self._numbers,
            positions=np.stack([frame.positions for frame in kept]),
            cells=np.stack([frame.cell for frame in kept]),
            times=np.array([frame.time for frame in kept]),
            energies=np.array([frame.energy for frame in kept]),
            temperatures=np.array([frame.temperature for frame in kept]),
            pressure=self._pressure,
            stop=f"stopped: {why} at {step * spec.timestep:.1f} fs" if why else "finished",
            seconds=time.perf_counter() - began,
        )

    def _advance(self, step: int) -> tuple[_Snapshot | None, str]:
        stress = self._surface.last.stress
        try:
            self._context.getIntegrator().step(1)
        except openmm.OpenMMException as error:
            if self._surface.error is not None:
                raise self._surface.error from error
            return None, str(error)
        if self._barostat is not None:
            if stress is None:
                raise ValueError("constant pressure needs a potential that predicts stress")
            cell = self._surface.cell
            deformation = self._barostat.deformation(
                stress, abs(np.linalg.det(cell)), len(self._numbers), self._rng
            )
            positions = self._context.getState(positions=True).getPositions(asNumpy=True)
            self._surface.cell = cell @ deformation
            self._context.setPositions(positions.value_in_unit(unit.nanometer) @ deformation)
        return self._look(step)

    def _look(self, step: int) -> tuple[_Snapshot | None, str]:
        """Evaluate where the walk stands; OpenMM's next step finds the forces there."""
        state = self._context.getState(positions=True, velocities=True)
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        velocities = state.getVelocities(asNumpy=True)
        v = velocities.value_in_unit(unit.nanometer / unit.picosecond)
        twice_kinetic = float((self._masses * v**2).sum()) / KJ_PER_MOL
        temperature = twice_kinetic / (3 * len(v) * units.kB)
        cell = self._surface.cell
        why = self._guards.geometry(10.0 * positions, cell, temperature)
        if why:
            return None, why
        try:
            prediction = self._surface.evaluate(positions)
        except NoAnswer as error:
            return None, str(error)
        snapshot = _Snapshot(
            time=step * self._spec.timestep,
            positions=10.0 * positions,
            cell=cell,
            energy=float(prediction.energy),
            temperature=temperature,
        )
        return snapshot, self._guards.prediction(prediction)
