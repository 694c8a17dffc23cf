import sys

import pytest
from engines import needs

from nearsight.references import Execution
from tasks.probes import (
    Absent,
    Amiss,
    Environment,
    compare,
    environment,
    gpaw,
    gpu,
    installed,
    logs,
    scratch,
)

MPI = "mpiexec --allow-run-as-root --oversubscribe -n 2"
ALONE = 'sh -c \'"$@" & sleep 1; "$@"; wait\' sh'


def test_the_same_environment_is_as_here():
    here = environment(["numpy", "ase"])
    assert here.python == sys.executable
    assert set(here.versions) == {"Python", "numpy", "ase"}
    full = environment(["nearsight", "torch", "ase"])
    assert compare(full, full).endswith("and 1 more, as here")


def test_a_package_that_is_missing_or_broken_is_named(tmp_path, monkeypatch):
    (tmp_path / "dftd3").mkdir()
    (tmp_path / "dftd3" / "__init__.py").write_text("raise OSError('libs-dftd3.so: no such file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dftd3", raising=False)
    told = environment(["numpy", "nowhere_at_all", "dftd3"])
    with pytest.raises(Amiss) as amiss:
        compare(told, environment(["numpy"]))
    assert "nowhere_at_all: No module named 'nowhere_at_all'" in str(amiss.value)
    assert "dftd3: libs-dftd3.so: no such file" in str(amiss.value)
    assert sys.executable in str(amiss.value)


def test_other_versions_are_told():
    here = Environment("python", {"Python": "3.11.2", "nearsight": "0.1.0", "torch": "2.13.0"}, {})
    there = Environment("python", here.versions | {"torch": "2.10.0"}, {})
    with pytest.raises(Amiss, match=r"other versions: torch 2.10.0 there and 2.13.0 here; install"):
        compare(there, here)


def test_a_gpu_that_is_not_there_is_amiss(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    with pytest.raises(Amiss, match="sees 0 where the pool asks for 2: take a queue whose nodes"):
        gpu(2)


def test_a_note_in_the_folder_of_logs_is_answered(tmp_path):
    (tmp_path / "note").write_text("here")
    logs(tmp_path, "note")
    assert (tmp_path / "note.answer").read_text() == "here"
    with pytest.raises(Amiss, match=r"elsewhere \(No such file or directory\): set `logs`"):
        logs(tmp_path / "elsewhere", "note")


def test_scratch_is_written_to_and_left_empty(tmp_path):
    assert scratch(tmp_path).startswith(f"{tmp_path} has ")
    assert scratch(None).endswith("GB free")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Amiss, match=r"none cannot be written to \(No such.*set labels.scratch"):
        scratch(tmp_path / "none")


def test_gpaw_computes_hydrogen_by_the_command(tmp_path):
    needs("gpaw")
    said = gpaw(Execution(command=MPI, scratch=tmp_path))
    assert said.startswith("H2 in ")
    assert said.endswith(" s, MPI processes: 2")


@pytest.mark.parametrize(
    ("execution", "sentence"),
    [
        ({"command": "mpirunner -n 2"}, "'mpirunner -n 2' names no program.*qm.setup"),
        ({"command": "false"}, "crashed: GPAW left no label, it ended with status 1.*MPI"),
        ({"command": "mpiexec --allow-run-as-root -n 99"}, "crashed: .*not enough slots.*MPI"),
        ({"command": ALONE}, "2 processes each computed all of it: GPAW there has no MPI"),
        ({"time_limit": 0.1}, "timeout: killed at its time limit of 0.1 s"),
    ],
)
def test_what_keeps_gpaw_from_it_is_said(execution, sentence, monkeypatch):
    needs("gpaw")
    with pytest.raises(Amiss, match=sentence):
        gpaw(Execution(**execution))


def test_a_site_without_gpaw_is_no_failure(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpaw", None)
    for probe in (lambda: gpaw(Execution()), installed):
        with pytest.raises(Absent, match="not installed"):
            probe()


def test_gpaw_is_installed():
    needs("gpaw")
    assert installed() == "installed"
