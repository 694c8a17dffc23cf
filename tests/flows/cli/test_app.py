import errno
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from flows.cli import app as application
from flows.cli.app import refuse, told
from nearsight.potentials import CannotTrain
from storage import LakeError


def test_help_names_every_verb():
    shown = CliRunner().invoke(application, ["--help"])
    assert shown.exit_code == 0
    for verb in ("demo", "run", "status", "report", "bootstrap", "dataset", "train"):
        assert verb in shown.output


@pytest.mark.parametrize("error", [CannotTrain, LakeError])
def test_what_a_user_can_mend_is_one_sentence(capsys, error):
    with pytest.raises(typer.Exit) as left, told():
        raise error("the disk is [full]")
    assert left.value.exit_code == 2
    assert capsys.readouterr().err == "Error: the disk is [full]\n"


def test_a_full_disk_is_one_sentence_and_another_failure_of_a_file_is_a_bug(capsys):
    with pytest.raises(typer.Exit) as left, told():
        raise OSError(errno.ENOSPC, "No space left on device", "page.html")
    assert left.value.exit_code == 2
    assert "No space left on device at page.html: make room" in capsys.readouterr().err
    with pytest.raises(IsADirectoryError), told():
        raise OSError(errno.EISDIR, "Is a directory", "page.html")


def test_a_bug_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), told():
        _ = 1 / 0


def test_an_interrupt_says_how_to_go_on(capsys):
    with pytest.raises(typer.Exit) as left, told():
        raise KeyboardInterrupt
    assert left.value.exit_code == 130
    assert "the same command goes on" in capsys.readouterr().err


def test_a_refusal_inside_is_left_alone():
    with pytest.raises(typer.Exit), told():
        refuse("no")


@pytest.mark.parametrize(
    "what", ["flows.cli", "flows.parameters", "flows.campaign", "flows.summary", "flows.cli.tables"]
)
def test_nothing_heavy_is_imported_to_answer(what):
    heavy = ["torch", "prefect", "distributed", "openmm", "lightning", "nequip", "sevenn"]
    code = f"import sys, {what}; print([m for m in {heavy} if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
