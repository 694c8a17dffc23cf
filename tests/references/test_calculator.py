from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk, molecule
from pydantic import ValidationError
from sick import WAYS

from nearsight.references import (
    SEVENNET_0,
    CalculatorLevel,
    Execution,
    MissingEngine,
    reference,
)

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")


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


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("exception", "RuntimeError: this one fails"),
        ("exit", "SystemExit: this one leaves"),
        ("scf", "SCFError: no convergence in 50 steps"),
        ("nan", "ArithmeticError: forces not finite"),
        ("shape", r"ArithmeticError: forces have shape \(1, 3\) for 2 atoms"),
        ("memory", "Unable to allocate 16"),
        ("killed", "it was killed by SIGKILL, perhaps for want of memory"),
        ("hang", "killed at its time limit of 2 s"),
    ],
)
def test_every_failure_is_a_status_and_the_next_label_is_fine(sick, way, message):
    worker = reference(sick(way), Execution(time_limit=2.0, memory_limit=4.0))
    atoms = molecule("CO")
    bad, good = worker.label(atoms), worker.label(atoms)
    assert bad.status == WAYS[way]
    assert re.search(message, bad.message)
    assert (bad.energy, bad.forces, bad.stress) == (None, None, None)
    assert bad.seconds < 60.0
    assert good.status == "converged"


def test_loading_after_a_death_is_no_part_of_the_next_label(tmp_path: Path) -> None:
    """It was, so a label after one that failed ran out of time while a teacher was loading."""
    arguments = {"folder": str(tmp_path), "ways": ["killed"]}
    level = CalculatorLevel(name="late", calculator="sick.Late", arguments=arguments)
    worker = reference(level, Execution(time_limit=0.5))
    assert worker.label(molecule("CO")).status == "crashed"
    assert worker.label(molecule("CO")).status == "converged"


def test_what_it_wrote_before_it_died_is_kept():
    level = CalculatorLevel(name="crash", calculator="sick.Crash")
    told = reference(level).label(molecule("CO"))
    assert told.status == "crashed"
    assert "SIGSEGV" in told.message
    assert "about to crash" in told.log
    assert "in calculate" in told.log  # where it was


def test_scratch_is_a_folder_of_its_own_that_is_gone_afterwards(tmp_path):
    level = CalculatorLevel(name="writer", calculator="sick.Writer")
    told = reference(level, Execution(scratch=tmp_path)).label(molecule("CO"))
    assert told.status == "converged", told.message
    assert list(tmp_path.iterdir()) == []
    assert not Path("written").exists()


def test_a_scratch_folder_that_goes_away_is_a_failed_label(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    worker = reference(COPPER, Execution(scratch=scratch))
    scratch.rmdir()
    told = worker.label(bulk("Cu"))
    assert told.status == "crashed"
    assert "scratch" in told.message


def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sevenn", None)
    with pytest.raises(MissingEngine, match=r"pip install 'nearsight\[teacher\]'"):
        reference(SEVENNET_0)
    with pytest.raises(MissingEngine, match="pip install nosuchpackage"):
        reference(CalculatorLevel(name="x", calculator="nosuchpackage.module.Class"))


@pytest.mark.parametrize(
    ("calculator", "arguments", "why"),
    [
        ("ase.calculators.emt.Nothing", {}, "has no Nothing"),
        ("ase.nothing.EMT", {}, "cannot be imported"),
        ("ase.calculators.tip3p.TIP3P", {"nothing": 1}, "does not start with arguments"),
        ("ase.Atoms", {}, "is no ASE calculator: it makes Atoms"),
    ],
)
def test_a_wrong_level_is_refused_before_work(
    calculator: str, arguments: dict[str, int], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        reference(CalculatorLevel(name="x", calculator=calculator, arguments=arguments))


@pytest.mark.parametrize("path", ["EMT", "ase calculators.EMT", "os.system('x')", "a..b", ".a.b"])
def test_import_paths_are_checked(path: str) -> None:
    with pytest.raises(ValidationError, match="calculator"):
        CalculatorLevel(name="x", calculator=path)


def test_a_time_limit_that_no_clock_counts_to_is_refused() -> None:
    """A longer one was accepted, and then ended the campaign with its first label."""
    with pytest.raises(ValidationError, match="less than or equal to 2000000"):
        Execution(time_limit=1e7)
    assert reference(COPPER, Execution(time_limit=2e6)).label(bulk("Cu")).status == "converged"
