from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import PropertyNotImplementedError
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from numpy.typing import NDArray

from nearsight.potentials import External, NequIP, Prediction, calculator
from nearsight.references import CalculatorLevel, reference


class Counting:
    """Any `Potential` will do."""

    def __init__(self, potential: NequIP) -> None:
        self.potential, self.calls = potential, 0

    def evaluate(self, atoms: Atoms) -> Prediction:
        self.calls += 1
        return self.potential.evaluate(atoms)

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return self.potential.features(atoms)


def test_ase_gets_what_the_potential_says(network: NequIP, structure: Atoms) -> None:
    atoms = structure.copy()
    atoms.calc = calculator(network)
    prediction = network.evaluate(structure)
    assert atoms.get_potential_energy() == prediction.energy
    assert atoms.get_potential_energy(force_consistent=True) == prediction.energy
    np.testing.assert_array_equal(atoms.get_forces(), prediction.forces)
    if prediction.stress is not None:
        np.testing.assert_array_equal(atoms.get_stress(voigt=False), prediction.stress)


def test_forces_and_stress_against_ase(network: NequIP, zirconia: Atoms) -> None:
    """The tolerances are those of single precision, see test_nequip.py."""
    atoms = zirconia.copy()
    atoms.calc = calculator(network)
    forces, stress = atoms.get_forces(), atoms.get_stress()
    numerical = calculate_numerical_forces(atoms, eps=0.005)
    np.testing.assert_allclose(forces, numerical, atol=3e-3 * np.abs(forces).max())
    numerical = calculate_numerical_stress(atoms, eps=0.002)
    np.testing.assert_allclose(stress, numerical, atol=3e-3 * np.abs(stress).max())


def test_stress_is_positive_under_tension(network: NequIP, zirconia: Atoms) -> None:
    """A third of its trace is dE/dV, minus the pressure."""
    atoms = zirconia.copy()
    atoms.calc = calculator(network)
    pull = np.trace(atoms.get_stress(voigt=False)) / 3
    energies, volumes = [], []
    for scale in (0.998, 1.002):
        strained = atoms.copy()
        strained.set_cell(atoms.cell * scale, scale_atoms=True)
        energies.append(network.evaluate(strained).energy)
        volumes.append(strained.get_volume())
    slope = np.diff(energies)[0] / np.diff(volumes)[0]
    assert pull == pytest.approx(slope, rel=0.01)


def test_molecules_have_no_stress(network: NequIP) -> None:
    atoms = Atoms("OH", [[0, 0, 0], [0, 0, 1]], cell=[9, 9, 9], pbc=[True, True, False])
    atoms.calc = calculator(network)
    assert np.isfinite(atoms.get_potential_energy())
    with pytest.raises(PropertyNotImplementedError, match="not periodic has no stress"):
        atoms.get_stress()


def test_a_potential_without_stress_says_so(zirconia: Atoms) -> None:
    level = CalculatorLevel(name="forces alone", calculator="ase.calculators.test.TestPotential")
    atoms = zirconia.copy()
    atoms.calc = calculator(External(reference(level)))
    with pytest.raises(PropertyNotImplementedError, match="the potential has no stress"):
        atoms.get_stress()


def test_one_evaluation_a_structure(network: NequIP, zirconia: Atoms) -> None:
    counting = Counting(network)
    atoms = zirconia.copy()
    atoms.calc = calculator(counting)
    for _ in range(2):
        atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
    assert counting.calls == 1
    atoms.rattle(0.01)
    atoms.get_forces()
    assert counting.calls == 2
