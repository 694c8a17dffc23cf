from contextlib import nullcontext
from datetime import timedelta

import pytest
from slurm import needs_slurm, slurm

from flows.site_check import SiteCheck
from tasks.pools import Pool, Site

HERE = Pool(workers=0)
JOBS = {"kind": "slurm", "memory": 1.5, "walltime": timedelta(hours=1), "interface": "lo"}
TASKS = ("--ntasks=2", "--cpus-per-task=1")
MPI = "mpiexec --allow-run-as-root -n 2"
BROKEN = "raise ImportError('libcudart.so.12')"


def found(site, lake=None, patience=300.0):
    findings = []
    SiteCheck(site, lake, patience, findings.append, nullcontext).run()
    assert len({(f.where, f.what) for f in findings}) == len(findings)
    return {(f.where, f.what): (f.verdict, f.said) for f in findings}


def verdicts(findings):
    return {check: verdict for check, (verdict, _) in findings.items()}


def test_work_in_the_flow_itself(tmp_path):
    lake = tmp_path / "lake"
    told = found(Site(md=HERE, qm=HERE, train=HERE, cpu=HERE), str(lake))
    where = "md, qm, train, cpu"
    gpaw = told.pop((where, "GPAW"))[0]
    assert gpaw in ("ok", "skipped")
    assert verdicts(told) == {
        ("here", "lake"): "ok",
        (where, "workers"): "ok",
        (where, "environment"): "ok",
        (where, "scratch"): "ok",
    }
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_after_a_failure(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    site = Site(md=HERE, qm=HERE, train=HERE, cpu=HERE, labels={"scratch": tmp_path / "none"})
    told = found(site, str(tmp_path))
    where = "md, qm, train, cpu"
    assert verdicts(told) == {
        ("here", "lake"): "failed",
        (where, "workers"): "ok",
        (where, "environment"): "ok",
        (where, "lake"): "skipped",
        (where, "scratch"): "failed",
        (where, "GPAW"): "failed",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    needs_slurm()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.crew.INTERVAL", 0.5)
        patch.setattr("tasks.crew.ASK", 1.0)
        with slurm(tmp_path_factory.mktemp("slurm"), "checked") as running:
            yield running


@pytest.mark.slurm
def test_a_site_that_is_ready(cluster, tmp_path):
    jobs = Pool(**JOBS, cores=2, directives=TASKS)
    logs = tmp_path / "logs"
    site = Site(
        md=jobs,
        qm=jobs,
        train=jobs,
        cpu=HERE,
        labels={"command": MPI, "time_limit": 600},
        logs=logs,
    )
    told = found(site, str(tmp_path / "lake"))
    where = "md, qm, train"
    for check in ("GPAW", "environment", "job starts", "logs", "lake", "lake, raced", "scratch"):
        assert (where, check) in told
    assert {verdict for verdict, _ in told.values()} <= {"ok", "skipped"}
    assert told[where, "GPAW"][0] == "skipped" or told[where, "GPAW"][1].endswith("processes: 2")
    assert told[where, "lake, raced"][1].endswith("writers raced for 20 records, one winner each")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs"]
    assert not list(logs.glob(".site-check*"))


@pytest.mark.slurm
def test_a_site_with_much_amiss(cluster, tmp_path):
    broken = tmp_path / "broken" / "torch"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(BROKEN)
    there = f"export PYTHONPATH={broken.parent}:$PYTHONPATH"
    site = Site(
        md=Pool(**JOBS, queue="nope"),
        qm=Pool(**JOBS, setup=[there], cores=2, workers=1),
        train=Pool(**JOBS, gpus=1, queue="gpu", workers=1),
        cpu=Pool(**{**JOBS, "kind": "moab"}),
        labels={"command": MPI, "time_limit": 600},
        logs=tmp_path / "logs",
    )
    told = found(site)
    sentences = {
        ("here", "moab"): "there is no msub or canceljob on this machine",
        ("md", "job starts"): "invalid partition specified: nope",
        ("qm", "environment"): "torch: libcudart.so.12",
        ("train", "GPU"): "sees 0 where the pool asks for 1",
        ("cpu", "job starts"): "there is no command msub on this machine",
    }
    failed = {check: said for check, (verdict, said) in told.items() if verdict == "failed"}
    gpaw = failed.pop(("qm", "GPAW"), "not enough slots --ntasks")  # one task of two cores
    assert "not enough slots" in gpaw
    assert "--ntasks" in gpaw
    assert set(failed) == set(sentences)
    for check, sentence in sentences.items():
        assert sentence in failed[check]
    assert told["md", "all else"][0] == told["here", "lake"][0] == "skipped"
    assert told["here", "slurm"][0] == told["train", "environment"][0] == "ok"


@pytest.mark.slurm
def test_jobs_whose_python_cannot_begin_and_jobs_that_wait(cluster, tmp_path):
    broken = tmp_path / "broken" / "distributed"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('no distributed here')")
    there = f"export PYTHONPATH={broken.parent}:$PYTHONPATH"
    site = Site(
        md=Pool(**JOBS, setup=[there]),
        qm=HERE,
        train=Pool(**JOBS, directives=["--begin=now+1hour"]),
        cpu=HERE,
        logs=tmp_path / "logs",
    )
    told = found(site, patience=15.0)
    assert told["md", "job starts"][0] == told["train", "job starts"][0] == "failed"
    assert "ends with: ImportError: no distributed here" in told["md", "job starts"][1]
    assert "nothing within 0.25 minutes: look why it waits" in told["train", "job starts"][1]
