import os
import pty
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from flows.cli import app
from flows.parameters import read_parameters
from tasks.sites import Pool, Site

NOBODY = "md: &here {workers: 0}\nqm: *here\ntrain: *here\ncpu: *here\n"


def run(*words):
    return CliRunner().invoke(app, ["site", *map(str, words)])


def test_a_ready_site_and_the_lake_that_it_names(tmp_path):
    (tmp_path / "site.yaml").write_text(NOBODY + "lake: mine")
    said = run("check", tmp_path / "site.yaml")
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert {line.split()[0] for line in lines[:-1]} <= {"ok", "skipped"}
    assert lines[0].startswith("ok       here: lake ")
    assert str(tmp_path / "mine") in lines[0]
    assert lines[-1] == f"The site {tmp_path / 'site.yaml'} is ready."


def test_a_failure_is_told_and_is_the_status(tmp_path):
    (tmp_path / "site.yaml").write_text(NOBODY + "lake: mine\nlabels: {scratch: none}")
    said = run("check", tmp_path / "site.yaml", tmp_path / "site.yaml")  # a lake that is a file
    assert said.exit_code == 1
    failed = [line for line in said.stdout.splitlines() if line.startswith("failed ")]
    assert "site.yaml is a file, not a lake: name a directory" in failed[0]
    assert "failed 3 of 6 checks" in " ".join(said.stdout.split())


def test_a_file_that_is_none_is_refused(tmp_path):
    (tmp_path / "site.yaml").write_text("md: {wokers: 2}")
    said = run("check", tmp_path / "site.yaml")
    assert said.exit_code == 2
    assert "did you mean 'workers'?" in " ".join(said.output.split())


def test_without_a_terminal_nothing_is_asked(tmp_path):
    said = run("new", tmp_path / "site.yaml")
    assert said.exit_code == 2
    assert "nobody is there to answer" in " ".join(said.output.split())
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_written_over(tmp_path):
    (tmp_path / "site.yaml").write_text("mine")
    said = run("new", tmp_path / "site.yaml")
    assert said.exit_code == 2
    assert "is there already" in said.output
    assert (tmp_path / "site.yaml").read_text() == "mine"


def talk(folder, *answers):
    """Answer the questions in a terminal; what was said there, and the status."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("nearsight"), "site", "new", "site.yaml"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "TERM": "dumb"},
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    said = b""
    try:
        while part := os.read(ours, 4096):
            said += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return said.decode(), process.wait()


def test_questions_become_a_file(tmp_path):
    said, status = talk(tmp_path, "local", "none", "4", "2", "", "s3://lake/ours")
    assert status == 0, said
    assert "nearsight site check site.yaml" in said
    site = read_parameters(tmp_path / "site.yaml", Site)
    assert (site.md, site.qm) == (Pool(workers=4), Pool(workers=2))
    assert site.labels.command == "mpiexec -n 2"
    assert site.lake == "s3://lake/ours"


def test_questions_about_jobs_become_a_file(tmp_path):
    answers = ["pbs", "gpu", "-1", "1", "4", "0", "8", "cpu", "16", "", "", "1:00", "0:01:00"]
    answers += ["08:00:00", "3", "me", "lo", "module load MPI", "", ""]
    said, status = talk(tmp_path, *answers)
    assert status == 0, said
    for wrong in ("less than nothing", "more than nothing", "write HH:MM:SS", "two minutes"):
        assert wrong in said
    site = read_parameters(tmp_path / "site.yaml", Site)
    assert (site.md.queue, site.md.gpus, site.md.cores, site.md.memory) == ("gpu", 1, 4, 8)
    assert (site.qm.queue, site.qm.cores, site.qm.memory) == ("cpu", 16, 64)
    assert site.qm.setup == ("module load MPI",)
    assert (site.labels.command, site.lake) == ("mpiexec -n 16", None)


def test_what_a_site_must_not_hold_is_not_written(tmp_path):
    answers = ["pbs", "q", "0", "1", "8", "", "1", "8", "", "", "", "lo"]
    said, status = talk(tmp_path, *answers, "export AWS_SECRET_ACCESS_KEY=x", "", "")
    assert status == 2
    assert "a site holds no secrets" in said
    assert list(tmp_path.iterdir()) == []
