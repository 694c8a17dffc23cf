"""Dynamics by YAFF, at constant pressure or at constant volume with a free cell shape."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.potentials.base import NoAnswer, Potential
from nearsight.sampling._yaff_compat import import_yaff
from nearsight.sampling.base import InsaneStart, Progress, Trajectory, WalkSpec
from nearsight.sampling.guards import Guards

Array = NDArray[np.float64]

THERMOSTAT_TIME = 100.0
"""fs; published with P(V) curves of frameworks."""


@dataclass(frozen=True)
class PressureTrajectory(Trajectory):
    """A trajectory that also knows the pressure inside.

    Attributes
    ----------
    pressures
        (n_frames,) internal pressures P_int in GPa, kinetic part and virial, averaged over all
        steps since the frame before.
    conserved
        (n_frames,) the quantity that the equations of motion conserve, eV, less what the noise of
        the strain rates has put in.
    """

    pressures: Array
    conserved: Array


class Yaff:
    """Sampler for NPT walks, and for (N, V, sigma_a = 0, T) walks where no pressure is given.

    Nosé-Hoover chain of three and Martyna-Tobias-Klein barostat with all strains free; at
    constant volume the volume stays and the anisotropic stress averages to zero (paper,
    Section 3; Rogge et al., J. Chem. Theory Comput. 11, 5583, 2015). The cell's mass is such that
    it breathes once in `barostat_time` if the crystal has the expected bulk modulus: for UiO-66 at
    300 K, 76 fs are the 1000 fs that are published, a time that MTK count for a fluid. Strain
    rates also forget within that time (an Ornstein-Uhlenbeck process): a chain alone does not
    bring a stiff cell, which swings by itself, to its temperature. `friction` of a `WalkSpec` says
    nothing here. A step costs three evaluations of the
    potential: one for the atoms, two for the half steps of the cell. The same start, potential,
    spec and seed give the same trajectory.

    Raises
    ------
    MissingYaff
        If YAFF is not installed.
    """

    def __init__(self) -> None:
        import_yaff()

    def walk(
        self,
        atoms: Atoms,
        potential: Potential,
        spec: WalkSpec,
        seed: int,
        progress: Progress | None = None,
        template: Atoms | None = None,
    ) -> PressureTrajectory:
        """Walk from `atoms` with Maxwell-Boltzmann velocities and a pressure drawn by `seed`.

        A walk that a guard or the potential stops ends at its last sane frame, with the reason in
        `Trajectory.stop`. Constraints and momenta of `atoms` are ignored. What the walk must not
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
                "YAFF walks need a structure that is periodic in three directions; "
                f"{atoms.get_chemical_formula()} has pbc {atoms.pbc.tolist()}"
            )
        return _Walk(atoms, potential, spec, seed, template or atoms).run(progress)


class _Insane(Exception):
    """A guard's reason to stop."""


@dataclass(frozen=True)
class _Snapshot:
    time: float
    positions: Array
    cell: Array
    energy: float
    temperature: float
    pressure: float
    conserved: float


class _Walk:
    def __init__(
        self, atoms: Atoms, potential: Potential, spec: WalkSpec, seed: int, template: Atoms
    ) -> None:
        self._yaff = import_yaff()
        self._spec = spec
        self._guards = Guards(spec, template)
        self._numbers = atoms.numbers.astype(np.int64)
        self._rng = rng = np.random.default_rng(seed)
        self._pressure = None if spec.pressure is None else float(rng.uniform(*spec.pressure))
        # YAFF turns its cells symmetric; this turns them back.
        left, _, right = np.linalg.svd(atoms.cell.array)
        self._turn = right.T @ left.T
        try:
            self._integrator = self._start(atoms, potential, rng)
        except _Insane as why:
            raise InsaneStart(str(why)) from None

    def _start(self, atoms: Atoms, potential: Potential, rng: np.random.Generator) -> Any:
        yaff, spec = self._yaff, self._spec
        masses = atoms.get_masses() * yaff.amu
        system = yaff.System(
            atoms.numbers,
            atoms.positions @ self._turn * yaff.angstrom,
            rvecs=atoms.cell.array @ self._turn * yaff.angstrom,
            masses=masses,
        )
        field = yaff.ForceField(system, [_force_part(yaff, system, potential, self._guards)])
        kt = yaff.boltzmann * spec.temperature
        ndof = 3 * len(atoms) - 3
        chain = kt * (THERMOSTAT_TIME * yaff.femtosecond / (2 * np.pi)) ** 2
        chain *= np.array([ndof, 1.0, 1.0])
        fluid = (ndof + 9) * kt
        solid = 3 * spec.bulk_modulus * 1e9 * yaff.pascal * atoms.get_volume() * yaff.angstrom**3
        barostat_time = spec.barostat_time * yaff.femtosecond * np.sqrt(max(solid / fluid, 1.0))
        piston = fluid * (barostat_time / (2 * np.pi)) ** 2
        self._rate = np.sqrt(kt / piston)
        self._memory = float(np.exp(-spec.timestep / spec.barostat_time))
        self._put_in = 0.0
        thermostat = yaff.NHCThermostat(
            spec.temperature,
            timecon=THERMOSTAT_TIME * yaff.femtosecond,
            chain_vel0=np.sqrt(kt / chain) * rng.standard_normal(3),
        )
        self._barostat = yaff.MTKBarostat(
            field,
            spec.temperature,
            (self._pressure or 0.0) * 1e9 * yaff.pascal,
            timecon=barostat_time,
            anisotropic=True,
            vol_constraint=self._pressure is None,
            vel_press0=self._draw(),
        )
        return yaff.VerletIntegrator(
            field,
            spec.timestep * yaff.femtosecond,
            hooks=[yaff.TBCombination(thermostat, self._barostat)],
            vel0=np.sqrt(kt / masses)[:, None] * rng.standard_normal((len(atoms), 3)),
        )

    def run(self, progress: Progress | None) -> PressureTrajectory:
        began = time.perf_counter()
        spec = self._spec
        n_steps = max(1, round(spec.duration / spec.timestep))
        stride = max(1, round(spec.frame_interval / spec.timestep))
        last, why = self._look(0)
        if why:
            raise InsaneStart(why)
        kept, pressures, window = [last], [last.pressure], list[float]()
        step = 0
        while step < n_steps:
            step += 1
            try:
                self._forget()
                self._integrator.run(1)
            except _Insane as error:
                why = str(error)
                break
            seen, why = self._look(step)
            if why:
                break
            last = seen
            window.append(last.pressure)
            if step % stride == 0:
                kept.append(last)
                pressures.append(float(np.mean(window)))
                window = []
            if progress is not None and step * 100 // n_steps > (step - 1) * 100 // n_steps:
                progress(step / n_steps)
        if kept[-1] is not last:
            kept.append(last)
            pressures.append(float(np.mean(window)))
        return PressureTrajectory(
            numbers=self._numbers,
            positions=np.stack([frame.positions for frame in kept]),
            cells=np.stack([frame.cell for frame in kept]),
            times=np.array([frame.time for frame in kept]),
            energies=np.array([frame.energy for frame in kept]),
            temperatures=np.array([frame.temperature for frame in kept]),
            pressure=self._pressure,
            stop=f"stopped: {why} at {step * spec.timestep:.1f} fs" if why else "finished",
            seconds=time.perf_counter() - began,
            pressures=np.array(pressures),
            conserved=np.array([frame.conserved for frame in kept]),
        )

    def _draw(self) -> Array:
        """Draw strain rates at the set temperature."""
        rates = self._rng.standard_normal((3, 3))
        rates = np.asarray(0.5 * self._rate * (rates + rates.T))
        if self._pressure is None:
            rates -= np.trace(rates) / 3.0 * np.eye(3)
        return rates

    def _forget(self) -> None:
        before = self._barostat.vel_press
        noise = np.sqrt(1.0 - self._memory**2) * self._draw()
        self._barostat.vel_press = after = self._memory * before + noise
        gained = 0.5 * self._barostat.mass_press * float((after**2).sum() - (before**2).sum())
        self._put_in += gained / self._yaff.electronvolt

    def _look(self, step: int) -> tuple[_Snapshot, str]:
        yaff, now = self._yaff, self._integrator
        snapshot = _Snapshot(
            time=step * self._spec.timestep,
            positions=now.pos @ self._turn.T / yaff.angstrom,
            cell=now.rvecs @ self._turn.T / yaff.angstrom,
            energy=now.epot / yaff.electronvolt,
            temperature=now.temp,
            pressure=now.press / (1e9 * yaff.pascal),
            conserved=now.econs / yaff.electronvolt - self._put_in,
        )
        return snapshot, self._guards.geometry(snapshot.positions, snapshot.cell, now.temp)


def _force_part(yaff: ModuleType, system: Any, potential: Potential, guards: Guards) -> Any:
    """The potential as YAFF sees it: atomic units, gradient and virial dE/d(strain)."""

    class Surface(yaff.ForcePart):  # type: ignore[misc, name-defined]
        def _internal_compute(self, gradient: Array | None, virial: Array | None) -> float:
            positions = system.pos / yaff.angstrom
            cell = system.cell.rvecs / yaff.angstrom
            if why := guards.geometry(positions, cell, 0.0):
                raise _Insane(why)
            atoms = Atoms(system.numbers, positions=positions, cell=cell, pbc=True)
            try:
                prediction = potential.evaluate(atoms)
            except NoAnswer as error:
                raise _Insane(str(error)) from error
            if prediction.stress is None:
                raise ValueError("a free cell needs a potential that predicts stress")
            if why := guards.prediction(prediction):
                raise _Insane(why)
            if gradient is not None:
                gradient[:] = -prediction.forces * (yaff.electronvolt / yaff.angstrom)
            if virial is not None:
                virial[:] = atoms.get_volume() * prediction.stress * yaff.electronvolt
            return float(prediction.energy * yaff.electronvolt)

    return Surface("potential", system)
