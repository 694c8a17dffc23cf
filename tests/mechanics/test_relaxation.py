"""Relaxations of real crystals: where they end, what they keep, and how they fail."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from nearsight.mechanics import Relaxation, relax

TIGHT = {"max_force": 1e-4, "max_stress": 1e-3}


def copper_gold(tetragonal=1.05):
    """L1_0 CuAu, its axes and its positions out of place."""
    atoms = Atoms("CuCuAuAu", cell=[3.9, 3.9, 3.9 * tetragonal], pbc=True)
    atoms.set_scaled_positions([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    return atoms


class Failing(EMT):
    """Copper that fails from the calculation number `after` on, in its `way`."""

    def __init__(self, way, after=0):
        super().__init__()
        self.way, self.left = way, after

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.left -= 1
        if self.left < 0 and self.way == "raise":
            raise KeyError("a word")
        if self.left < 0:
            self.results[self.way] = self.results[self.way] * np.nan


class Repulsion(Calculator):
    """Pulls the cell apart without end."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        volume = self.atoms.get_volume()
        stress = np.array([-1.0, -1.0, -1.0, 0.0, 0.0, 0.0])  # E = -V
        forces = np.zeros((len(self.atoms), 3))
        self.results = {"energy": -volume, "forces": forces, "stress": stress}


def test_positions_and_cell_end_at_rest():
    told = relax(copper_gold(), EMT(), Relaxation(moves="positions and cell", **TIGHT))
    assert told.status == "converged"
    assert told.message == ""
    assert np.abs(told.stress).max() < TIGHT["max_stress"]
    assert abs(told.pressure) < TIGHT["max_stress"]
    a, b, c = told.atoms.cell.lengths()
    assert a == pytest.approx(b, rel=1e-5)
    assert abs(a - c) > 0.05
    again = told.atoms.copy()
    again.calc = EMT()
    assert again.get_potential_energy() == pytest.approx(told.energy, abs=1e-10)
    assert np.linalg.norm(again.get_forces(), axis=1).max() < TIGHT["max_force"]


@pytest.mark.parametrize("moves", ["positions and shape", "positions only"])
def test_a_fixed_volume_is_kept_to_rounding(moves):
    start = copper_gold(1.15).repeat((2, 1, 1))
    start.rattle(0.05, seed=1)
    told = relax(start, EMT(), Relaxation(moves=moves, **TIGHT))
    assert told.status == "converged"
    assert told.atoms.get_volume() == pytest.approx(start.get_volume(), rel=1e-9)
    same_cell = np.allclose(told.atoms.cell, start.cell, rtol=0, atol=1e-12)
    assert same_cell == (moves == "positions only")
    if moves == "positions and shape":
        deviator = told.stress - np.trace(told.stress) / 3 * np.eye(3)
        assert np.abs(deviator).max() < TIGHT["max_stress"]
        assert abs(told.pressure) > 10.0


def test_shape_costs_less_than_positions_only():
    start = copper_gold(1.15)
    shape, fixed = (
        relax(start, EMT(), Relaxation(moves=moves, **TIGHT))
        for moves in ("positions and shape", "positions only")
    )
    assert shape.energy < fixed.energy - 0.01


def test_the_stress_is_the_slope_of_the_energy():
    start = copper_gold().repeat((2, 1, 1))
    start.set_cell(start.cell @ (np.eye(3) + 0.02 * np.eye(3, k=1)), scale_atoms=True)
    start.rattle(0.05, seed=2)
    told = relax(start, EMT(), Relaxation(moves="positions only", max_force=1e-3))
    h, slopes = 1e-4, np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        for sign in (1, -1):
            strain = np.eye(3)
            strain[i, j] += sign * h / 2
            strain[j, i] += sign * h / 2
            strained = told.atoms.copy()
            strained.set_cell(strained.cell @ strain, scale_atoms=True)
            strained.calc = EMT()
            slopes[i, j] += sign * strained.get_potential_energy() / (2 * h)
    stress = slopes / told.atoms.get_volume() / units.GPa
    np.testing.assert_allclose(told.stress, stress, atol=2e-4)


def test_a_saddle_is_kept_without_a_rattle_and_left_with_one():
    start = bulk("Cu", "bcc", a=2.88, cubic=True).repeat((2, 1, 1))
    spec = Relaxation(moves="positions and cell", **TIGHT)
    still = relax(start, EMT(), spec)
    assert still.status == "converged"
    assert still.atoms.cell.lengths() / [2, 1, 1] == pytest.approx(2.8555, abs=1e-3)
    rattled = spec.model_copy(update={"rattle": 0.05, "seed": 1})
    let_go = relax(start, EMT(), rattled)
    assert let_go.status == "converged"
    assert let_go.energy < still.energy - 0.01
    again = relax(start, EMT(), rattled)
    assert again.energy == let_go.energy


def test_the_start_is_left_alone():
    start = copper_gold()
    before = start.copy()
    relax(start, EMT(), Relaxation(rattle=0.1, max_steps=2))
    assert start == before
    assert start.calc is None


def test_too_few_steps_are_a_status():
    told = relax(copper_gold(1.15), EMT(), Relaxation(max_steps=1, **TIGHT))
    assert (told.status, told.steps, told.energy, told.pressure) == ("unconverged", 1, None, None)
    assert told.message.endswith("GPa are left")


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize(
    ("way", "status", "message"),
    [
        ("raise", "crashed", "a word"),
        ("energy", "diverged", "energy or stress are not finite"),
        ("stress", "diverged", "energy or stress are not finite"),
        ("forces", "diverged", "forces are not finite"),
    ],
)
def test_a_calculator_that_fails_is_a_status(way, status, message, after):
    start = copper_gold(1.15)
    start.rattle(0.1, seed=3)
    told = relax(start, Failing(way, after), Relaxation(**TIGHT))
    assert told.status == status, told.message
    assert message in told.message
    assert told.energy is None
    assert told.stress is None
    assert np.isfinite(told.atoms.positions).all()
    assert (told.steps > 0) == (after > 0)


def test_a_runaway_cell_is_a_status():
    told = relax(bulk("Cu"), Repulsion(), Relaxation(moves="positions and cell"))
    assert told.status == "diverged"
    assert "ran away" in told.message
    assert told.atoms.cell.lengths().max() < 2.1 * bulk("Cu").cell.lengths().max()


def test_what_cannot_be_relaxed_is_refused():
    with pytest.raises(ValueError, match="periodic in three directions"):
        relax(Atoms("Cu"), EMT())
    calculator = EMT()
    calculator.implemented_properties = ["energy", "forces"]
    with pytest.raises(ValueError, match="EMT has no stress"):
        relax(bulk("Cu"), calculator)
