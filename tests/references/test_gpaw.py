"""GPAW for real, on a coarse grid; what every level of theory keeps to is in test_contract.py."""

import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from engines import needs

from nearsight.references import Execution, GPAWLevel, MissingEngine, reference

COARSE = GPAWLevel(spacing=0.3, vacuum=2.5)
MPI = "mpiexec --allow-run-as-root --oversubscribe -n 2"


@pytest.fixture
def engine():
    needs("gpaw")


def test_two_processes_say_what_one_says(engine, tmp_path):
    one = reference(COARSE, Execution(scratch=tmp_path)).label(molecule("H2"))
    two = reference(COARSE, Execution(scratch=tmp_path, command=MPI)).label(molecule("H2"))
    assert (one.status, two.status) == ("converged", "converged"), two.message
    assert two.energy == pytest.approx(one.energy, abs=1e-6)
    np.testing.assert_allclose(two.forces, one.forces, atol=1e-5)
    for told, cores in ((one, 1), (two, 2)):
        assert f"Total number of cores used: {cores}" in told.log
        assert "Memory usage" in told.log
    assert list(tmp_path.iterdir()) == []


def test_it_is_tried_again_with_gentler_mixing_before_it_is_unconverged(engine):
    told = reference(COARSE.model_copy(update={"max_iterations": 3})).label(molecule("H2"))
    assert told.status == "unconverged"
    assert "KohnShamConvergenceError" in told.message
    assert told.log.count("Did not converge") == 2
    assert told.log.count("beta: 0.02") == 1


@pytest.mark.parametrize("command", ["", MPI])
def test_what_takes_too_long_is_killed(engine, tmp_path, command):
    fine = GPAWLevel(spacing=0.08)
    execution = Execution(scratch=tmp_path, command=command, time_limit=10.0)
    told = reference(fine, execution).label(molecule("C6H6"))
    assert told.status == "timeout"
    assert "10 s" in told.message
    assert told.log  # as far as it came
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_dies_says_how(engine):
    told = reference(COARSE, Execution(memory_limit=0.05)).label(molecule("H2"))
    assert told.status == "crashed"
    assert told.message.startswith("GPAW left no label, it ")


def test_an_error_in_one_of_many_processes_ends_all(engine):
    told = reference(COARSE, Execution(command=MPI, time_limit=60.0)).label(Atoms("Og"))
    assert told.status == "crashed"
    assert "Og" in told.message


def test_an_atom_alone_has_its_spin(engine):
    told = reference(COARSE).label(Atoms("H"))
    assert told.status == "converged"
    assert "magnetic moment: 1.0" in told.log.lower()


def test_what_is_missing_is_said_before_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpaw", None)
    with pytest.raises(MissingEngine, match=r"pip install 'nearsight\[gpaw\]'"):
        reference(GPAWLevel())


def test_a_command_that_is_no_program_is_refused(engine):
    with pytest.raises(ValueError, match="names no program"):
        reference(GPAWLevel(), Execution(command="mpirunner -n 2"))


def test_a_functional_without_dispersion_parameters_is_refused(engine):
    with pytest.raises(ValueError, match=r"D3\(BJ\) has no parameters for xc 'LDA'"):
        reference(GPAWLevel(xc="LDA"))
    reference(GPAWLevel(xc="LDA", dispersion=False))
