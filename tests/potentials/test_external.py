from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.potentials import External, NoAnswer, Potential, calculator
from nearsight.references import CalculatorLevel, Label, reference
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")


@pytest.fixture
def potential() -> Potential:
    return External(reference(COPPER))


def test_it_says_what_the_calculator_says(potential: Potential) -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=0)
    prediction = potential.evaluate(atoms)
    atoms.calc = EMT()
    assert prediction.energy == pytest.approx(atoms.get_potential_energy())
    np.testing.assert_allclose(prediction.forces, atoms.get_forces(), atol=1e-9)
    np.testing.assert_allclose(prediction.stress, atoms.get_stress(voigt=False), atol=1e-9)
    assert prediction.features.shape == potential.features(atoms).shape == (4, 0)


def test_it_can_be_walked_with(potential: Potential) -> None:
    spec = WalkSpec(duration=20.0, timestep=2.0, bulk_modulus=140.0)
    start = bulk("Cu", cubic=True).repeat(2)
    ours = OpenMM().walk(start, potential, spec, seed=1)
    assert ours.stop == "finished"
    start.calc = calculator(potential)
    assert ours.energies[0] == pytest.approx(start.get_potential_energy())


def test_what_has_no_answer_says_why(potential: Potential) -> None:
    with pytest.raises(NoAnswer, match=r"crashed: .*Zr"):
        potential.evaluate(Atoms("Zr"))


def test_a_walk_ends_where_there_is_no_answer() -> None:
    class Tired:
        """Copper that no longer converges after three calculations."""

        copper, calls = reference(COPPER), 0

        def label(self, atoms: Atoms) -> Label:
            self.calls += 1
            if self.calls > 3:
                return Label("unconverged", None, None, None, 0.0, "50 steps were not enough")
            return self.copper.label(atoms)

    spec = WalkSpec(pressure=None, duration=20.0, timestep=2.0, frame_interval=2.0)
    walk = OpenMM().walk(bulk("Cu", cubic=True).repeat(2), External(Tired()), spec, seed=1)
    assert (
        walk.stop == "stopped: the calculation is unconverged: 50 steps were not enough at 6.0 fs"
    )
    assert len(walk) == 3
