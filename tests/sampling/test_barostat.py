"""The barostat against the one system whose volumes are known exactly: the ideal gas."""

from __future__ import annotations

import numpy as np
import pytest
from ase import units

from nearsight.sampling.barostat import Rescaling


@pytest.mark.parametrize("pressure", [0.1, 1.0])
@pytest.mark.parametrize("relaxation", [20.0, 60.0])
def test_ideal_gas_has_the_volumes_of_the_gas_law(pressure: float, relaxation: float) -> None:
    """p(V) is V^N exp(-PV/kT): mean (N + 1) kT/P, relative width (N + 1)^-1/2."""
    n_atoms, temperature = 15, 600.0
    kt_over_p = units.kB * temperature / (pressure * units.GPa)
    start = (n_atoms + 1) * kt_over_p
    barostat = Rescaling(
        temperature=temperature,
        pressure=pressure,
        timestep=2.0,
        relaxation=relaxation,
        bulk_modulus=pressure,
        volume=start,
    )
    rng = np.random.default_rng(5)
    volumes = np.empty(30_000)
    volume = start
    for step in range(len(volumes)):
        volume *= np.linalg.det(barostat.deformation(np.zeros((3, 3)), volume, n_atoms, rng))
        volumes[step] = volume
    assert volumes.mean() == pytest.approx(start, rel=0.05)
    assert volumes.std() / volumes.mean() == pytest.approx((n_atoms + 1) ** -0.5, rel=0.12)


def test_a_cold_solid_relaxes_its_volume_in_the_time_asked_for() -> None:
    modulus, volume, relaxation = 40.0, 9000.0, 100.0
    barostat = Rescaling(
        temperature=1e-6,
        pressure=1.0,
        timestep=0.5,
        relaxation=relaxation,
        bulk_modulus=modulus,
        volume=volume,
    )
    rng = np.random.default_rng(0)
    strain = np.eye(3)
    for _ in range(200):
        stress = modulus * units.GPa * np.log(np.linalg.det(strain)) * np.eye(3)
        strain = strain @ barostat.deformation(stress, volume, 1, rng)
    settled = np.log(np.linalg.det(strain)) * -modulus
    assert settled == pytest.approx(1.0 - np.exp(-1.0), rel=0.02)
    np.testing.assert_allclose(strain, strain.T, atol=1e-6)
