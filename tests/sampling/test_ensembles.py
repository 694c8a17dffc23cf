"""Both engines sample the ensembles that they claim, on a crystal whose P(V) is known."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import numpy as np
import physical_validation as pv
import pytest
from ase import Atoms, units
from softening import V0, Softening, crystal, pressure

from nearsight.mechanics.statistics import average
from nearsight.potentials.base import Prediction
from nearsight.sampling import Trajectory, WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.sampling.yaff import Yaff

TEMPERATURE = 60.0
BAROSTAT_TIME = 25.0
ENGINES = {"openmm": OpenMM, "yaff": Yaff}

needs_yaff = pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")
engines = pytest.mark.parametrize("engine", ["openmm", pytest.param("yaff", marks=needs_yaff)])


class Soft:
    """The crystal as a potential; it has no features."""

    def __init__(self) -> None:
        self._calculator = Softening()

    def evaluate(self, atoms: Atoms) -> Prediction:
        self._calculator.calculate(atoms)
        told = self._calculator.results
        stress = told["stress"][[[0, 5, 4], [5, 1, 3], [4, 3, 2]]]
        return Prediction(told["energy"], told["forces"], stress, np.zeros((len(atoms), 1)))

    def features(self, atoms: Atoms) -> np.ndarray:
        return np.zeros((len(atoms), 1))


@cache
def walk(engine: str, p: float | None, strain: float = 0.0) -> Trajectory:
    atoms = crystal()
    atoms.set_cell(atoms.cell.array * (1.0 + strain), scale_atoms=True)
    spec = WalkSpec(
        temperature=TEMPERATURE,
        pressure=None if p is None else (p, p),
        duration=10_000.0,
        timestep=2.0,
        frame_interval=10.0,
        barostat_time=BAROSTAT_TIME,
        bulk_modulus=100.0,
    )
    told = ENGINES[engine]().walk(atoms, Soft(), spec, seed=1)
    assert told.stop == "finished"
    return told


def volumes(told: Trajectory) -> np.ndarray:
    return np.abs(np.linalg.det(told.cells))[100:]


def where(p: float) -> float:
    """The stable volume at a pressure in GPa."""
    v = np.linspace(0.95, 1.05, 20_001) * V0
    return float(np.interp(-p, -pressure(v), v))


@engines
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_volume_at_a_pressure_is_that_of_the_curve(engine, p):
    found = average(volumes(walk(engine, p)))
    assert found.error < 0.004 * V0
    assert found.mean == pytest.approx(where(p), abs=3.0 * found.error + 0.001 * V0)


@needs_yaff
@pytest.mark.parametrize("strain", [-0.01, -0.03])
def test_the_pressure_at_a_volume_is_that_of_the_curve(strain):
    """On both sides of the maximum, which lies at a strain of -0.02."""
    found = average(walk("yaff", None, strain).pressures[100:])
    assert found.error < 0.1
    assert found.mean == pytest.approx(
        pressure(V0 * (1.0 + strain) ** 3), abs=3.0 * found.error + 0.03
    )


@needs_yaff
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_cell_of_yaff_breathes_in_the_time_that_was_asked_for(p):
    v = volumes(walk("yaff", p))
    power = np.abs(np.fft.rfft(v - v.mean())) ** 2
    period = 10.0 * len(v) / np.average(np.arange(len(power)), weights=power)
    softer = 1.0 - 17.0 * (1.0 - where(p) / V0)
    assert period == pytest.approx(BAROSTAT_TIME / np.sqrt(softer), rel=0.15)


def data(told: Trajectory, p: float) -> pv.data.SimulationData:
    """For physical_validation, in eV, Å, GPa and K."""
    n = len(told.numbers)
    kinetic = 1.5 * n * units.kB * told.temperatures[100:]
    return pv.data.SimulationData(
        units=pv.data.UnitData(
            kb=units.kB,
            energy_str="eV",
            energy_conversion=96.485,
            length_str="A",
            length_conversion=0.1,
            volume_str="A^3",
            volume_conversion=1e-3,
            temperature_str="K",
            temperature_conversion=1,
            pressure_str="GPa",
            pressure_conversion=1e4,
            time_str="fs",
            time_conversion=1e-3,
        ),
        ensemble=pv.data.EnsembleData("NPT", natoms=n, pressure=p, temperature=TEMPERATURE),
        system=pv.data.SystemData(
            natoms=n, nconstraints=0, ndof_reduction_tra=0, ndof_reduction_rot=0
        ),
        observables=pv.data.ObservableData(
            kinetic_energy=kinetic,
            potential_energy=told.energies[100:],
            total_energy=kinetic + told.energies[100:],
            volume=volumes(told),
        ),
    )


def test_momenta_have_the_distribution_of_their_temperature():
    mean, width = pv.kinetic_energy.distribution(
        data(walk("openmm", 1.0), 1.0), strict=False, bootstrap_seed=1, verbosity=0
    )
    assert abs(mean) < 3.0
    assert abs(width) < 3.0


@engines
def test_volumes_fluctuate_as_the_ensemble_demands(engine):
    """Volumes at two pressures overlap as exp(-Delta P V / kT)."""
    told = pv.ensemble.check(
        data(walk(engine, 0.0), 0.0),
        data(walk(engine, 1.0), 1.0),
        total_energy=False,
        bootstrap_seed=1,
        verbosity=0,
    )
    assert abs(np.asarray(told)).max() < 3.0
