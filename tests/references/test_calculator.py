from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.calculator import SCFError
from ase.calculators.emt import EMT
from pydantic import ValidationError

from nearsight.references import SEVENNET_0, LevelOfTheory, MissingEngine, Reference, reference

COPPER = LevelOfTheory(name="EMT", calculator="ase.calculators.emt.EMT")
ARGON = LevelOfTheory(
    name="argon",
    calculator="ase.calculators.lj.LennardJones",
    arguments={"sigma": 3.4, "epsilon": 0.0104, "rc": 10.0, "smooth": True},
)


@pytest.mark.parametrize("level", [COPPER, ARGON], ids=lambda level: level.name)
def test_contract(level: LevelOfTheory) -> None:
    worker: Reference = reference(level)
    crystal = bulk(
        "Cu" if level is COPPER else "Ar", cubic=True, a=None if level is COPPER else 5.3
    )
    crystal.rattle(0.05, seed=1)
    before = crystal.copy()
    label = worker.label(crystal)
    assert (label.status, label.message) == ("converged", "")
    assert label.energy is not None
    assert label.forces is not None
    assert label.stress is not None
    assert label.forces.shape == (len(crystal), 3)
    assert label.stress.shape == (3, 3)
    assert label.seconds > 0.0
    assert crystal == before
    assert crystal.calc is None

    step = 1e-4
    energies = []
    for sign in (1, -1):
        moved = crystal.copy()
        moved.positions[1, 2] += sign * step
        energies.append(worker.label(moved).energy)
    slope = (energies[0] - energies[1]) / (2 * step)  # type: ignore[operator]
    assert label.forces[1, 2] == pytest.approx(-slope, abs=1e-5)

    energies = []
    for sign in (1, -1):
        strained = crystal.copy()
        strained.set_cell(crystal.cell * (1 + sign * step), scale_atoms=True)
        energies.append(worker.label(strained).energy)
    slope = (energies[0] - energies[1]) / (2 * step)  # type: ignore[operator]
    assert np.trace(label.stress) * crystal.get_volume() == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("pbc", [False, (True, True, False)])
def test_only_crystals_have_stress(pbc: bool | tuple[bool, ...]) -> None:
    slab = bulk("Cu", cubic=True)
    slab.pbc = pbc
    label = reference(COPPER).label(slab)
    assert label.status == "converged"
    assert label.stress is None


def test_a_failed_calculation_is_a_status_and_does_not_spoil_the_next() -> None:
    worker = reference(COPPER)
    good = worker.label(bulk("Cu"))
    bad = worker.label(Atoms("Zr"))
    assert bad.status == "crashed"
    assert "NotImplementedError" in bad.message
    assert (bad.energy, bad.forces, bad.stress) == (None, None, None)
    assert worker.label(bulk("Cu")).energy == good.energy


class Sick(EMT):  # type: ignore[misc]
    """EMT that fails as engines do, by the number of atoms."""

    def calculate(self, atoms=None, properties=("energy",), system_changes=()):  # type: ignore[no-untyped-def]
        if len(atoms) == 2:
            raise SCFError("no convergence in 50 steps")
        super().calculate(atoms, properties, system_changes)
        if len(atoms) == 3:
            self.results["forces"] = self.results["forces"] * np.nan
        if len(atoms) == 4:
            self.results["forces"] = self.results["forces"][:2]


@pytest.mark.parametrize(
    ("n_atoms", "status", "message"),
    [
        (1, "converged", ""),
        (2, "unconverged", "no convergence in 50 steps"),
        (3, "crashed", "forces not finite"),
        (4, "crashed", "forces have shape (2, 3) for 4 atoms"),
    ],
)
def test_ways_to_fail(
    n_atoms: int, status: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ase.calculators.emt.SickEMT", Sick, raising=False)
    worker = reference(LevelOfTheory(name="sick", calculator="ase.calculators.emt.SickEMT"))
    label = worker.label(Atoms(f"Cu{n_atoms}", positions=np.eye(4, 3)[:n_atoms] * 2.6))
    assert label.status == status
    assert message in label.message
    assert (label.energy is None) == (status != "converged")


def test_a_calculator_loads_once() -> None:
    one, two = reference(COPPER), reference(COPPER.model_copy(update={"name": "another name"}))
    assert one._calculator is two._calculator  # type: ignore[attr-defined]


def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hide(MetaPathFinder):
        def find_spec(self, name: str, *args: object) -> None:
            if name == "sevenn":
                raise ModuleNotFoundError("No module named 'sevenn'", name=name)

    for name in [name for name in sys.modules if name.split(".")[0] == "sevenn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Hide(), *sys.meta_path])
    level = SEVENNET_0.model_copy(update={"arguments": {"model": "nowhere"}})
    with pytest.raises(MissingEngine, match=r"pip install 'nearsight\[teacher\]'"):
        reference(level)
    with pytest.raises(MissingEngine, match="pip install nosuchpackage"):
        reference(LevelOfTheory(name="x", calculator="nosuchpackage.module.Class"))


@pytest.mark.parametrize(
    ("calculator", "arguments", "why"),
    [
        ("ase.calculators.emt.Nothing", {}, "has no Nothing"),
        ("ase.nothing.EMT", {}, "cannot be imported"),
        ("ase.calculators.tip3p.TIP3P", {"nothing": 1}, "does not start with arguments"),
    ],
)
def test_a_wrong_level_is_refused_before_work(
    calculator: str, arguments: dict[str, int], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        reference(LevelOfTheory(name="x", calculator=calculator, arguments=arguments))


@pytest.mark.parametrize("path", ["EMT", "ase calculators.EMT", "os.system('x')", "a..b", ".a.b"])
def test_import_paths_are_checked(path: str) -> None:
    with pytest.raises(ValidationError, match="calculator"):
        LevelOfTheory(name="x", calculator=path)


def test_the_teacher_labels_a_finite_molecule() -> None:
    pytest.importorskip("sevenn")
    worker = reference(SEVENNET_0)
    acid = molecule("HCOOH")
    label = worker.label(acid)
    assert label.status == "converged", label.message
    assert label.stress is None
    assert label.energy is not None
    assert label.forces is not None
    step = 0.01
    for atom, axis in ((0, 0), (2, 1), (4, 1)):
        energies = []
        for sign in (1, -1):
            moved = acid.copy()
            moved.positions[atom, axis] += sign * step
            energies.append(worker.label(moved).energy)
        slope = (energies[0] - energies[1]) / (2 * step)  # type: ignore[operator]
        assert label.forces[atom, axis] == pytest.approx(-slope, abs=0.02)
    boxed = acid.copy()
    boxed.set_cell([25.0] * 3)
    boxed.pbc = True
    in_a_box = worker.label(boxed)
    assert in_a_box.energy == pytest.approx(label.energy, abs=1e-4)
    assert in_a_box.stress is not None
