from __future__ import annotations

import numpy as np
import openmm
import pytest
from ase import Atoms
from numpy.typing import NDArray

from nearsight.potentials.base import Prediction
from nearsight.sampling.surface import Surface


class Springs:
    """Every atom on a spring of 2 eV/Å² to the origin."""

    calls = 0

    def evaluate(self, atoms: Atoms) -> Prediction:
        self.calls += 1
        x = atoms.positions
        return Prediction(float((x**2).sum()), -2.0 * x, np.zeros((3, 3)), x)

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return atoms.positions  # type: ignore[no-any-return]


def test_openmm_sees_kj_per_mol_and_nm_and_asks_once_per_place() -> None:
    springs = Springs()
    surface = Surface(Atoms("Ar2", cell=[9.0, 9.0, 9.0], pbc=True), springs)
    system = openmm.System()
    for _ in range(2):
        system.addParticle(40.0)
    system.addForce(openmm.PythonForce(surface, {}))
    platform = openmm.Platform.getPlatformByName("CPU")
    context = openmm.Context(system, openmm.VerletIntegrator(1e-3), platform)
    context.setPositions(np.array([[0.1, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    for _ in range(2):
        state = context.getState(energy=True, forces=True)
    assert springs.calls == 1
    assert state.getPotentialEnergy()._value == pytest.approx(96.485332)
    assert state.getForces(asNumpy=True)._value[0, 0] == pytest.approx(-2.0 * 964.85332)
