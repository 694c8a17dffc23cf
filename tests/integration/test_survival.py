"""A campaign that a Prefect server starts on Slurm, and all that can go wrong on its way."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from campaigns import LOG, make_campaign, site
from flow_process import FlowProcess
from likeness import differences
from link import Link
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from s3_server import s3_store
from slurm import needs_slurm, slurm
from upstart import nearsight
from waiting import marked, until

from flows.daemons import Daemon
from storage import open_lake
from storage.audit import audit

AWAY = 60.0
"""Seconds that the server or the store cannot be reached."""
SOON = 240.0
"""Seconds within which anything comes."""

POOLS = """
md: {kind: slurm, memory: 1, walltime: 01:00:00, interface: lo, workers: 1}
qm: {kind: slurm, memory: 1, walltime: 01:00:00, interface: lo, workers: 2}
train: {kind: slurm, memory: 2, walltime: 01:00:00, interface: lo, workers: 1}
cpu: {workers: 0}
labels: {time_limit: 600}
logs: %s
"""


class Campaign:
    """The campaign as its user sees it: runs at a server, labels in the lake."""

    def __init__(self, client, campaign, folder):
        self.client, self.options, self.folder = client, campaign, folder
        self.lake = open_lake(campaign.lake)
        self.brake = folder / Path(LOG).with_suffix(".brake")
        self.brake.touch()
        self.finished: dict[str, int] = {}
        """Structures that had a label when something broke, and how often they were calculated."""

    def start(self):
        """Start it at the first site, by the API; the run."""
        deployment = self.client.read_deployment_by_name("al_cycle/sitea")
        parameters = {"campaign": self.options.model_dump(mode="json", exclude={"site"})}
        self.run = self.client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
        return self.run

    @property
    def state(self):
        return self.client.read_flow_run(self.run.id).state

    def calculations(self):
        """How often each structure was calculated."""
        log = self.folder / LOG
        return Counter(log.read_text().split() if log.exists() else ())

    def note(self):
        """Note what is finished: it must not be calculated again."""
        labels = [self.lake.get("label", key) for key in self.lake.keys("label")]
        calculated = self.calculations()
        for structure in {label.metadata["structure"] for label in labels} & calculated.keys():
            self.finished.setdefault(structure, calculated[structure])

    def at_labels(self):
        """Wait until labels that have not stood still before do, in the middle of their work."""
        before = self._held()
        until(lambda: self._held() > before, SOON)

    def _held(self):
        held = self.folder / Path(LOG).with_suffix(".held")
        return len(held.read_text()) if held.exists() else 0

    def finish_some_labels(self):
        """Let labels go on until one more is finished, and others stand still."""
        before = sum(self.calculations().values())
        self.brake.unlink()
        until(lambda: sum(self.calculations().values()) > before, SOON)
        self.brake.touch()
        self.at_labels()
        self.note()


@contextmanager
def services(name, tmp_path, *words, folder=None):
    """What `nearsight up` starts, until the end; its home."""
    home = tmp_path / f"home-{name}"
    command = ["up", str(folder or tmp_path), "--home", str(home), *words]
    began = nearsight(*command, cwd=tmp_path)
    assert began.returncode == 0, began.stderr
    try:
        yield home
    finally:
        nearsight("down", "--home", str(home), cwd=tmp_path)


def kill(mark):
    found = marked(mark)
    assert found
    for process in found:
        process.kill()


@pytest.fixture
def store(tmp_path):
    with s3_store(tmp_path / "s3") as running:
        yield running


@pytest.mark.slurm
@pytest.mark.timeout(1500)
def test_a_campaign_survives_all_of_it(tmp_path, store, monkeypatch):
    needs_slurm()
    folder = tmp_path / "work"
    folder.mkdir()
    for name in ("sitea", "siteb"):
        (tmp_path / f"{name}.yaml").write_text(POOLS % folder)
    options = make_campaign(tmp_path, cycles=3, labels=8)
    teacher = {"calculator": "teachers.Braked", "arguments": {"log": LOG, "delay": 1.0}}
    level = options.level.model_copy(update=teacher)
    options = options.model_copy(update={"level": level, "lake": "s3://lake/survives"})
    undisturbed = options.model_copy(update={"lake": "s3://lake/twin", "site": site(2)})
    twin = FlowProcess(undisturbed, tmp_path / "twin")
    with slurm(tmp_path / "a", "sitea") as a, services("hall", tmp_path) as hall:
        port = Daemon("server", hall).notes()["port"]
        link = Link(int(port))
        joined = ("--server", f"http://127.0.0.1:{link.port}/api", "--site")
        with (
            temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}),
            get_client(sync_client=True) as client,
            services("a", tmp_path, *joined, "sitea.yaml", folder=folder) as home,
        ):
            twin.start()
            campaign = Campaign(client, options, folder)

            campaign.start()
            campaign.at_labels()
            a.ask("scancel", "--name=nearsight-qm")
            campaign.at_labels()
            campaign.finish_some_labels()
            a.ask("scontrol", "update", "nodename=sitea1", "state=down", "reason=test")
            a.ask("scontrol", "update", "nodename=sitea1", "state=resume")
            campaign.at_labels()
            campaign.finish_some_labels()
            for job in a.jobs("running"):
                a.ask("scontrol", "update", f"jobid={job}", "timelimit=1")
            until(lambda: any(job["JobState"] == "TIMEOUT" for job in a.completed()), SOON)
            campaign.at_labels()
            campaign.finish_some_labels()

            a.ask("scontrol", "update", "partitionname=cpu", "state=inactive")
            a.ask("scancel", "--user=root")
            until(lambda: campaign.state.is_final(), SOON)
            assert campaign.state.is_failed()
            assert "slurm refuses jobs of nearsight-" in campaign.state.message
            a.ask("scontrol", "update", "partitionname=cpu", "state=up")
            campaign.start()
            campaign.at_labels()
            campaign.finish_some_labels()

            os.kill(Daemon("server", hall).notes()["pid"], signal.SIGKILL)
            assert nearsight("up", "--home", str(hall), cwd=tmp_path).returncode == 0
            campaign.finish_some_labels()
            link.cut()
            mended = time.monotonic() + AWAY
            campaign.finish_some_labels()
            time.sleep(max(0.0, mended - time.monotonic()))
            link.mend()
            store.kill()
            time.sleep(AWAY)
            store.start()
            campaign.finish_some_labels()
            assert campaign.state.is_running()
            kill(f"PREFECT__FLOW_RUN_ID={campaign.run.id}")
            until(lambda: campaign.state.is_crashed(), SOON)
            campaign.start()
            campaign.at_labels()
            campaign.finish_some_labels()

            with slurm(tmp_path / "b", "siteb"):
                stands_in = (*joined, "siteb.yaml", "--stands-in-for", "sitea")
                with services("b", tmp_path, *stands_in, folder=folder):
                    kill(f"NEARSIGHT_DAEMON={home / 'worker.json'}")
                    a.kill()
                    campaign.brake.unlink()
                    there = client.read_deployment_by_name("al_cycle/siteb").id
                    campaign.run = until(
                        lambda: [r for r in client.read_flow_runs() if r.deployment_id == there],
                        SOON,
                    )[0]
                    until(lambda: campaign.state.is_final(), 400.0)
                    assert campaign.state.is_completed(), campaign.state.message
    assert twin.wait() == 0, twin.terminal
    again = {s: n for s, n in campaign.calculations().items() if n > campaign.finished.get(s, n)}
    assert again == {}
    assert list(differences(campaign.lake, open_lake(undisturbed.lake))) == []
    assert not audit(campaign.lake).defects
