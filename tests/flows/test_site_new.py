import shutil
from datetime import timedelta

import psutil
import pytest
from slurm import needs_slurm, slurm

from flows.parameters import read_parameters
from flows.site_new import SYSTEMS, Jobs, Local, batch_systems, cards, compose, partitions, seconds
from tasks.sites import Pool, Site

JOBS = Jobs(
    kind="slurm",
    workers=3,
    queue="gpu: all",
    cores=4,
    memory=8.5,
    gpus=1,
    label_queue="cpu",
    mpi=16,
    command="srun -n 16",
    label_memory=64,
    walltime="01:00:00",
    account="me",
    interface="ib0",
    setup=('module load "CUDA"', "source ~/venv/bin/activate # mine"),
    lake="s3://lake/ours",
)


def written(folder, answers):
    (folder / "site.yaml").write_text(compose(answers))
    return read_parameters(folder / "site.yaml", Site)


def test_processes_of_this_machine(tmp_path):
    site = written(tmp_path, Local(processes=8, mpi=4, command="mpiexec -n 4", lake="lakes/ours"))
    assert (site.md, site.qm) == (Pool(workers=8), Pool(workers=2))
    assert (site.train, site.cpu) == (Pool(workers=1), Pool(workers=8))
    assert site.labels.command == "mpiexec -n 4"
    assert site.lake == str(tmp_path / "lakes/ours")


def test_jobs_are_as_answered(tmp_path):
    site = written(tmp_path, JOBS)
    same = {"kind": "slurm", "workers": 3, "account": "me", "walltime": timedelta(hours=1)}
    same |= {"interface": "ib0", "setup": JOBS.setup}
    assert site.md == Pool(**same, queue="gpu: all", cores=4, memory=8.5, gpus=1)
    assert site.train == site.md  # shares its jobs
    tasks = ("--ntasks=16", "--cpus-per-task=1")
    assert site.qm == Pool(**same, queue="cpu", cores=16, memory=64, directives=tasks)
    assert site.cpu == Pool(workers=2)
    assert (site.labels.command, site.labels.time_limit) == ("srun -n 16", 1800)
    assert (site.logs, site.lake) == (tmp_path / "logs", "s3://lake/ours")


@pytest.mark.parametrize("kind", SYSTEMS)
def test_a_file_of_every_batch_system_holds(tmp_path, kind):
    few = {"queue": "", "label_queue": "", "account": "", "setup": (), "lake": "", "gpus": 0}
    site = written(tmp_path, Jobs(**{**vars(JOBS), "kind": kind, "mpi": 1, "command": "", **few}))
    assert (site.qm.kind, site.qm.queue, site.qm.directives) == (kind, None, ())
    assert site.lake is None


def test_what_is_found_here():
    assert batch_systems() == [k for k, command in SYSTEMS.items() if shutil.which(command)]
    found = cards()
    assert set(found) <= set(psutil.net_if_addrs())
    assert found["lo"] == "127.0.0.1"
    assert list(found)[-1] == "lo"  # no other machine sees it
    assert seconds("24:01:05") == 86465


def test_without_slurm_there_are_no_partitions(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert partitions() == []
    assert batch_systems() == []


@pytest.mark.slurm
def test_partitions_are_those_of_slurm(tmp_path):
    needs_slurm()
    with slurm(tmp_path, "asked"):
        assert partitions() == ["cpu", "gpu"]
