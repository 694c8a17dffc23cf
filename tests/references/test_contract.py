"""What every level of theory keeps to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from engines import needs

from nearsight.references import (
    SEVENNET_0,
    CalculatorLevel,
    Execution,
    GPAWLevel,
    Label,
    LevelOfTheory,
    TBLiteLevel,
    reference,
)


@dataclass(frozen=True, eq=False)
class Case:
    """A level of theory, a crystal that it can label in no time, and how exact it is.

    Attributes
    ----------
    package
        That it needs.
    force
        eV/Å; how far forces may be off finite differences over `step`, in Å.
    grid
        eV; how much an energy may change as atoms stand otherwise on a coarse grid in a small box.
        Zero without a grid.
    """

    level: LevelOfTheory
    package: str
    crystal: Atoms
    force: float
    step: float
    grid: float = 0.0
    has_stress: bool = True


def water() -> Atoms:
    """A water molecule out of shape; its oxygen stands between the hydrogens along y."""
    atoms = molecule("H2O")
    atoms.positions[0, 1] += 0.1
    return atoms


def ice() -> Atoms:
    """The same, periodic."""
    atoms = water()
    atoms.set_cell([4.0, 4.0, 4.0])
    atoms.pbc = True
    return atoms


EMT = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")
COPPER = bulk("Cu", cubic=True)
COPPER.rattle(0.05, seed=1)
CASES = {
    "EMT": Case(EMT, "ase", COPPER, force=1e-5, step=1e-4),
    "SevenNet-0": Case(SEVENNET_0, "sevenn", ice(), force=0.02, step=0.01),
    "GFN1-xTB": Case(TBLiteLevel(), "tblite", ice(), force=2e-3, step=1e-3),
    "GFN2-xTB": Case(TBLiteLevel(method="GFN2-xTB"), "tblite", ice(), force=2e-3, step=1e-3),
    "GPAW": Case(
        GPAWLevel(spacing=0.25, vacuum=2.5),
        "gpaw",
        ice(),
        force=0.1,
        step=0.02,
        grid=0.1,
        has_stress=False,
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    case = CASES[request.param]
    needs(case.package)
    return case


@cache
def label(case: Case, name: str, moved: tuple[int, int, float] = (0, 0, 0.0)) -> Label:
    """The label of the case's crystal, or of water, one coordinate moved."""
    atoms = water() if name == "water" else case.crystal.copy()
    atom, axis, by = moved
    atoms.positions[atom, axis] += by
    return reference(case.level).label(atoms)


def energy(label: Label) -> float:
    assert label.status == "converged", label.message
    assert label.energy is not None
    return label.energy


def slope(case: Case, name: str, atom: int, axis: int) -> float:
    """Minus the derivative of the energy in a coordinate: what the force must be."""
    ends = [energy(label(case, name, (atom, axis, by))) for by in (case.step, -case.step)]
    return (ends[1] - ends[0]) / (2 * case.step)


@pytest.mark.parametrize("name", ["water", "crystal"])
def test_a_label_is_complete_and_its_forces_are_slopes(case, name):
    atoms = water() if name == "water" else case.crystal
    told = label(case, name)
    assert (told.status, told.message) == ("converged", "")
    assert told.seconds > 0.0
    assert told.forces is not None
    assert told.forces.shape == (len(atoms), 3)
    assert np.abs(told.forces).max() > 0.3  # eV/Å, so that there is something to compare
    atom, axis = (0, 1) if name == "water" else (1, 2)
    assert told.forces[atom, axis] == pytest.approx(slope(case, name, atom, axis), abs=case.force)
    if name == "water" or not case.has_stress:
        assert told.stress is None
    else:
        assert told.stress is not None
        strained = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.set_cell(atoms.cell * (1 + sign * 1e-3), scale_atoms=True)
            strained.append(energy(reference(case.level).label(moved)))
        work = (strained[0] - strained[1]) / 2e-3
        assert np.trace(told.stress) * atoms.get_volume() == pytest.approx(work, rel=0.02, abs=0.02)


def test_where_a_molecule_stands_does_not_matter(case):
    atoms = water()
    atoms.translate([1.03, -2.2, 0.71])
    before, after = label(case, "water"), reference(case.level).label(atoms)
    assert energy(after) == pytest.approx(energy(before), abs=1e-4)
    np.testing.assert_allclose(after.forces, before.forces, atol=1e-3)


def test_how_a_molecule_is_turned_does_not_matter(case):
    atoms = water()
    atoms.rotate(30.0, "x")
    before, after = label(case, "water"), reference(case.level).label(atoms)
    assert energy(after) == pytest.approx(energy(before), abs=1e-4 + case.grid)
    if not case.grid:
        turned = Atoms("H3", positions=before.forces)
        turned.rotate(30.0, "x")
        np.testing.assert_allclose(after.forces, turned.positions, atol=1e-3)


def test_two_molecules_far_apart_have_twice_the_energy(case):
    pair = water()
    pair.extend(water())
    pair.positions[3:, 0] += 8.0  # a whole number of GPAW's grid spacings
    together = energy(reference(case.level).label(pair))
    assert together == pytest.approx(2 * energy(label(case, "water")), abs=0.03 + case.grid)


@pytest.mark.parametrize(
    "atoms",
    [Atoms("Og"), Atoms("H", positions=[[np.nan] * 3]), Atoms()],
    ids=["unknown element", "nowhere", "nothing"],
)
def test_what_cannot_be_labelled_is_a_status_and_never_an_exception(case, atoms):
    told = reference(case.level, Execution(time_limit=60.0)).label(atoms)
    assert told.status in ("crashed", "unconverged")
    assert told.message
    assert (told.energy, told.forces, told.stress) == (None, None, None)
