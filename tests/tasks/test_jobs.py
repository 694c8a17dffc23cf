"""Pools of jobs, on a real Slurm."""

import logging
import os
import shutil
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dask_jobqueue
import numpy as np
import psutil
import pytest
from ase.build import molecule
from engines import needs
from labour import endless_at_first, pieces, tell
from slurm import needs_slurm, slurm
from waiting import until

from nearsight.references import Execution, GPAWLevel, reference
from tasks.errors import LostWorkers, NoJobs
from tasks.explore import put_structure
from tasks.ingest import label_key, read_label
from tasks.jobs import CLUSTERS, job_options
from tasks.label import label_one
from tasks.pools import Pool, Site
from tasks.workplace import Piece, workplace

POOL = {"memory": 1.5, "walltime": timedelta(hours=1), "interface": "lo"}
MINE = {"queue": "long", "account": "me", "setup": ("module load MPI",), "directives": ("--me",)}
HEADERS = {
    "slurm": ("#SBATCH -p long", "#SBATCH -A me", "--cpus-per-task=4", "--mem=2G", "-t 01:00:00"),
    "pbs": ("#PBS -q long", "#PBS -A me", "select=1:ncpus=4:mem=1536MB", "walltime=01:00:00"),
    "moab": ("#PBS -q long", "#PBS -A me", "walltime=01:00:00"),
    "sge": ("#$ -q long", "#$ -P me", "h_rt=01:00:00"),
    "oar": ("#OAR -q long", "#OAR --project me", "core=4,walltime=01:00:00"),
}


def script(folder, **pool):
    options = job_options(Pool(**POOL | MINE | pool), "nearsight-md", folder, {"A": "1"})
    job = getattr(dask_jobqueue, CLUSTERS[pool["kind"]]).job_cls
    return job("tls://127.0.0.1:1", name="it", **options).job_script()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", HEADERS)
def test_a_pool_is_a_job_script_of_its_kind(tmp_path, kind):
    said = script(tmp_path, kind=kind, cores=4)
    for line in (*HEADERS[kind], "--me", "module load MPI", "export A=1", "--interface lo"):
        assert line in said


def test_gpus_are_asked_for(tmp_path):
    assert "--gres=gpu:2" in script(tmp_path, kind="slurm", gpus=2)
    assert "select=1:ncpus=1:mem=1536MB:ngpus=2" in script(tmp_path, kind="pbs", gpus=2)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    needs_slurm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.crew.INTERVAL", 0.5)
        patch.setattr("tasks.crew.ASK", 1.0)
        patch.setenv("OMP_NUM_THREADS", "7")  # not what workers have
        with slurm(tmp_path_factory.mktemp("slurm"), "site") as running:
            yield running


@contextmanager
def work_at(folder, **pool):
    jobs = Pool(**{"kind": "slurm"} | POOL | pool)
    nobody = Pool(workers=0)
    site = Site.model_validate(
        {
            "md": jobs,
            "cpu": jobs,
            "qm": nobody,
            "train": nobody,
            "logs": folder / "logs",
        }
    )
    with workplace(str(folder / "lake"), site) as work:
        yield work


@pytest.fixture
def said():
    """What is logged of work, outside of Prefect tasks."""
    lines, logger = [], logging.getLogger("nearsight.work")
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def work(cluster, tmp_path_factory):
    with work_at(
        tmp_path_factory.mktemp("work"), workers=2, cores=2, gpus=1, setup=("MINE=1", "export MINE")
    ) as work:
        yield work


@pytest.mark.slurm
def test_jobs_do_the_work_and_their_logs_are_told(cluster, work, log, said):
    assert work.finish("explore", "md", pieces(log, "abc", 1.0)) is False
    assert work.finish("explore", "md", pieces(log, "abc", 1.0)) is True
    assert sorted(line for line in log.read_text().split() if line in "abc") == list("aabbcc")
    assert len({line.partition(":")[0] for line in said}) == 3
    logs = {line.rpartition(" log ")[2] for line in said}
    jobs = cluster.jobs()
    assert 0 < len(jobs) <= 2  # for three pieces: no more than the pool has
    assert logs <= {str(work.pools.site.logs / f"nearsight-md-cpu-{job}.err") for job in jobs}
    for path in logs:
        assert "Starting established connection to tls://127.0.0.1" in Path(path).read_text()


@pytest.mark.slurm
def test_a_job_has_what_its_pool_says(cluster, work, log):
    work.finish("score", "cpu", pieces(log, "e", 0.0, tell))
    assert log.read_text().split("environment")[1].split() == (
        ["True", "cores", "2", "gpus", log.read_text().split()[6], "1"]
    )


@pytest.mark.slurm
def test_nothing_listens_beyond_the_interface(work):
    mine = f"nearsight-md-cpu-{os.getpid()}-"
    running = psutil.process_iter(["cmdline"])
    jobs = [p for p in running if any(word.startswith(mine) for word in p.info["cmdline"] or ())]
    workers = [worker for job in jobs for worker in job.children(recursive=True)]
    for processes in ([psutil.Process()], jobs, workers):
        heard = [c.laddr.ip for p in processes for c in p.net_connections() if c.status == "LISTEN"]
        assert set(heard) == {"127.0.0.1"}


@pytest.mark.slurm
def test_a_piece_of_a_job_that_is_cancelled_is_finished_by_another(cluster, work, log):
    thread = threading.Thread(target=work.finish, args=("explore", "md", pieces(log, "xy", 5.0)))
    thread.start()
    while not log.exists() or log.read_text().count("begin") < 2:
        time.sleep(0.1)
    name, victim = log.read_text().split()[1:3]
    cluster.ask("scancel", victim)
    thread.join()
    told = [line.split() for line in log.read_text().splitlines()]
    assert ["begin", name, victim] in told
    assert ["end", name, victim] not in told
    ends = sorted(piece for what, piece, _ in told if what == "end")
    assert ends == ["x", "y"]


@pytest.mark.slurm
@pytest.mark.parametrize(
    ("pool", "sentence"),
    [
        (
            {"queue": "nope"},
            "slurm refuses jobs of nearsight-md-cpu: .*partition specified: nope",
        ),
        ({"memory": 1e5}, "refuses jobs .*Memory specification can not be satisfied"),
        ({"interface": "eth99"}, "cannot have jobs of slurm: .*'eth99' is not a valid network"),
        ({"kind": "moab"}, "moab refuses jobs of .*: there is no command msub on this machine"),
        ({"setup": ("echo no such module; exit 1",)}, "ended before .* with: no such module$"),
    ],
)
def test_what_cannot_have_jobs_is_said_at_once(cluster, tmp_path, log, pool, sentence):
    began = time.monotonic()
    with work_at(tmp_path, **pool) as work, pytest.raises((NoJobs, LostWorkers), match=sentence):
        work.finish("explore", "md", pieces(log, "a", 0.0))
    assert time.monotonic() - began < 90.0  # a second or two where nothing else runs


@pytest.mark.slurm
@pytest.mark.timeout(900)
def test_workers_retire_before_their_walltime_and_others_go_on(cluster, tmp_path, log, monkeypatch):
    life = timedelta(seconds=24)
    monkeypatch.setattr(Pool, "lifetime", property(lambda pool: pool.walltime and life))
    monkeypatch.setattr("tasks.jobs.DEATHS", 0)  # to leave in time is none
    short = [f"{number:02d}" for number in range(18)]
    with work_at(tmp_path, workers=2) as work:
        endless = pieces(log, "z", 600.0, endless_at_first)
        work.finish("explore", "md", [*endless, *pieces(log, short, 1.2)])
    told = [line.split() for line in log.read_text().splitlines()]
    begun = [name for what, name, _ in told if what == "begin"]
    assert sorted(begun) == [*short, "z", "z"]  # no other was cut short
    assert len({job for _, _, job in told}) > 2
    jobs = {name: job for _, name, job in reversed(told)}
    retired = {job["JobId"]: job["JobState"] for job in cluster.completed()}
    assert retired[jobs["00"]] == retired[jobs["z"]] == "COMPLETED"


@pytest.mark.slurm
def test_pbs_takes_the_work_too(cluster, tmp_path, log, monkeypatch):
    """Commands of PBS that Slurm comes with: they pass over where logs go, and number no job."""
    if shutil.which("qsub") is None and os.environ.get("NEARSIGHT_REQUIRE_ENGINES") != "1":
        pytest.skip("no commands of PBS here: make hpc")
    monkeypatch.chdir(tmp_path)  # where logs go
    before = set(cluster.jobs())
    with work_at(tmp_path, kind="pbs", queue="gpu", cores=2, workers=2) as work:
        work.finish("explore", "md", pieces(log, "ab", 1.0))
        (job, *others) = set(cluster.jobs("running")) - before
        told = cluster.ask("scontrol", "show", "job", job).split()
    assert len(others) < 2
    assert {"Partition=gpu", "NumCPUs=2", "MinMemoryNode=1.50G", "TimeLimit=01:00:00"} <= set(told)
    assert sorted(line.split()[1] for line in log.read_text().splitlines()) == ["a", "a", "b", "b"]
    until(lambda: not set(cluster.jobs("running")) - before, 60.0)  # qdel ends them


@pytest.mark.slurm
def test_what_pbs_refuses_is_said_at_once(cluster, tmp_path, log, monkeypatch):
    if shutil.which("qsub") is None and os.environ.get("NEARSIGHT_REQUIRE_ENGINES") != "1":
        pytest.skip("no commands of PBS here: make hpc")
    monkeypatch.chdir(tmp_path)
    with (
        work_at(tmp_path, kind="pbs", queue="nope") as work,
        pytest.raises(NoJobs, match=r"pbs refuses jobs of .*invalid partition specified: nope"),
    ):
        work.finish("explore", "md", pieces(log, "a", 0.0))


@pytest.mark.slurm
def test_gpaw_labels_by_mpi_in_a_job(cluster, tmp_path):
    needs("gpaw")
    level = GPAWLevel(spacing=0.3, vacuum=2.5)
    execution = Execution(command="mpiexec --allow-run-as-root -n 2", time_limit=600.0)
    tasks = ("--ntasks=2", "--cpus-per-task=1")
    jobs = Pool(**POOL, kind="slurm", workers=1, cores=2, directives=tasks)
    site = Site(qm=jobs, labels=execution, logs=tmp_path / "logs")
    with workplace(str(tmp_path / "lake"), site) as work:
        atoms = molecule("H2")
        atoms.cell = [6.0, 6.0, 6.0]
        name, wanted = put_structure(work.lake, atoms, "H2"), label_key(atoms, level)
        how = (work.run, "structure", name, level, execution)
        work.finish("label", "qm", [Piece("label", wanted, label_one, how)])
        _, told = read_label(work.lake, wanted)
        log = work.lake.get_blob(work.lake.get("label", wanted).metadata["log"]).decode()
    assert log.count("Total number of cores used: 2") == 1
    alone = reference(level).label(atoms)
    assert told.energy == pytest.approx(alone.energy, abs=1e-5)
    np.testing.assert_allclose(told.forces, alone.forces, atol=1e-4)


@pytest.mark.slurm
def test_a_batch_system_that_is_away_is_said_at_once(cluster, tmp_path, log):
    cluster.controller.terminate()
    cluster.controller.wait()
    try:
        with (
            work_at(tmp_path) as work,
            pytest.raises(NoJobs, match="Unable to contact slurm controller"),
        ):
            work.finish("explore", "md", pieces(log, "a", 0.0))
    finally:
        cluster.start_controller()
