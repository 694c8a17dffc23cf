"""Two clusters as two sites of one lake: what is finished at one is not done at the other."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from labour import pieces
from slurm import Slurm, needs_slurm, slurm

from storage import open_lake
from tasks.sites import Site
from tasks.workplace import workplace

ROOT = Path(__file__).parents[2]
NAMES = "abcdefghijkl"
SITE = """
md: {kind: slurm, workers: 2, memory: 1, walltime: 01:00:00, interface: lo}
logs: %s
"""
FLOW = f"""
import sys
from pathlib import Path
import labour
from tasks.sites import Site
from tasks.workplace import workplace

with workplace(sys.argv[1], Site.model_validate("site.yaml")) as work:
    what = (float(sys.argv[2]), getattr(labour, sys.argv[3]))
    work.finish("explore", "md", labour.pieces(Path("log"), "{NAMES}", *what))
"""


def start(lake: str, cluster: Slurm, *how: str) -> subprocess.Popen[bytes]:
    """The flow, at the site whose file lies in this folder."""
    path = os.pathsep.join([str(ROOT), os.environ["PYTHONPATH"]])
    environment = {**os.environ, "PYTHONPATH": path, "SLURM_CONF": str(cluster.configuration)}
    return subprocess.Popen([sys.executable, "-c", FLOW, lake, *how], env=environment)


@pytest.mark.slurm
def test_a_flow_that_is_killed_at_one_site_goes_on_at_another(tmp_path, monkeypatch):
    needs_slurm()
    monkeypatch.chdir(tmp_path)
    lake, log = str(tmp_path / "lake"), tmp_path / "log"
    with slurm(tmp_path / "a", "sitea") as a:
        (tmp_path / "site.yaml").write_text(SITE % "logs-a")
        flow = start(lake, a, "2.0", "labour")
        while not log.exists() or log.read_text().count("end") < 3:
            assert flow.poll() is None
            time.sleep(0.1)
        flow.kill()
        flow.wait()
        killed = time.monotonic()
        while a.jobs():
            assert time.monotonic() - killed < 60.0  # jobs do not outlive their flow for long
            time.sleep(0.2)
    before = len(log.read_text())
    keys = {piece.key: piece.arguments[1] for piece in pieces(log, NAMES, 0.0)}
    left = [keys[key] for key in open_lake(lake).missing("batch", list(keys))]
    assert 0 < len(left) < len(NAMES)
    with slurm(tmp_path / "b", "siteb") as b:
        (tmp_path / "site.yaml").write_text(SITE % "logs-b")
        with workplace(lake, Site.model_validate("site.yaml")) as work:
            work.finish("explore", "md", pieces(log, NAMES, 0.0))
            assert b.jobs()
            assert a.ask("squeue") == ""  # the other is gone
    done = [line.split() for line in log.read_text()[before:].splitlines()]
    assert sorted(name for what, name, _ in done if what == "end") == sorted(left)
    assert open_lake(lake).missing("batch", list(keys)) == []


@pytest.mark.slurm
def test_two_sites_work_on_one_campaign_at_once_each_on_its_share(tmp_path, monkeypatch):
    needs_slurm()
    monkeypatch.chdir(tmp_path)
    lake, log = str(tmp_path / "lake"), tmp_path / "log"
    flows = []
    with slurm(tmp_path / "a", "sitea") as a, slurm(tmp_path / "b", "siteb") as b:
        for site in (a, b):
            (tmp_path / "site.yaml").write_text(SITE % f"logs-{site.name}")
            flows.append(start(lake, site, "0.5", "together"))
            while not site.jobs("running"):
                assert flows[-1].poll() is None
                time.sleep(0.1)
        for flow in flows:
            assert flow.wait(120) == 0
        while a.jobs() or b.jobs():
            time.sleep(0.1)
        jobs = [{job["JobId"] for job in site.completed()} for site in (a, b)]
    told = [line.split() for line in log.read_text().splitlines()]
    assert sorted(name for what, name, _ in told if what == "begin") == sorted(NAMES)
    assert sorted(name for what, name, _ in told if what == "end") == sorted(NAMES)
    at_work = {job for _, _, job in told}
    assert all(at_work & of_site for of_site in jobs)
    keys = [piece.key for piece in pieces(log, NAMES, 0.0)]
    assert open_lake(lake).missing("batch", keys) == []
    assert open_lake(lake).claims.beats("batch") == {}
