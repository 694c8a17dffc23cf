"""Three roads to one bulk modulus: static, constant pressure, constant volume (EMT copper)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.mechanics import Relaxation, elastic_constants, energy_curve, fit_eos, relax
from nearsight.mechanics.statistics import average
from nearsight.potentials.base import Prediction
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.sampling.yaff import Yaff

TEMPERATURE = 20.0
V0 = 370.09
"""Å³ of 32 atoms, cold."""


class Copper:
    """EMT as a potential."""

    def evaluate(self, atoms: Atoms) -> Prediction:
        atoms = atoms.copy()
        atoms.calc = EMT()
        stress = atoms.get_stress(voigt=False)
        return Prediction(atoms.get_potential_energy(), atoms.get_forces(), stress, np.zeros((0,)))


def copper(volume: float) -> Atoms:
    return bulk("Cu", a=np.cbrt(volume / 8.0), cubic=True).repeat(2)


def spec(**changes: object) -> WalkSpec:
    return WalkSpec(
        temperature=TEMPERATURE,
        timestep=2.0,
        frame_interval=4.0,
        barostat_time=20.0,
        bulk_modulus=134.0,
        **changes,
    )


@pytest.fixture(scope="module")
def static() -> float:
    cell = bulk("Cu", a=3.59, cubic=True)
    fixed = Relaxation(moves="positions only")
    return elastic_constants(cell, lambda a: relax(a, EMT(), fixed), 0.002).bulk_modulus.hill


def test_the_static_road(static):
    cell = bulk("Cu", a=np.cbrt(V0 / 8.0), cubic=True)
    curve = energy_curve(cell, np.linspace(0.97, 1.03, 7) * V0 / 8, lambda a: relax(a, EMT()))
    assert fit_eos(curve.volumes, curve.energies).bulk_modulus == pytest.approx(static, rel=0.01)


def test_the_road_at_constant_pressure(static):
    volumes = []
    for p in (-3.0, 3.0):
        start = copper(V0 * (1.0 - p / static))
        walk = OpenMM().walk(
            start, Copper(), spec(pressure=(p, p), duration=1000.0, friction=20.0), seed=1
        )
        volumes.append(average(np.abs(np.linalg.det(walk.cells))[10:]))
    tension, pressure = volumes
    modulus = 6.0 / np.log(tension.mean / pressure.mean)
    error = modulus * np.hypot(tension.error, pressure.error) / (tension.mean - pressure.mean)
    assert error < 0.05 * static
    assert modulus == pytest.approx(static, abs=3.0 * error + 0.02 * static)


@pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")
def test_the_road_at_constant_volume(static):
    pressures = [
        average(
            Yaff()
            .walk(copper(v * V0), Copper(), spec(pressure=None, duration=280.0), seed=1)
            .pressures[10:]
        )
        for v in (1.015, 0.985)
    ]
    expanded, compressed = pressures
    modulus = (compressed.mean - expanded.mean) / np.log(1.015 / 0.985)
    error = np.hypot(expanded.error, compressed.error) / 0.03
    assert error < 0.05 * static
    assert modulus == pytest.approx(static, abs=3.0 * error + 0.02 * static)
