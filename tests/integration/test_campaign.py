"""Whole campaigns, everything real: models, walks, densities, clusters, labels, training, lake."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ase.io
import pytest
import yaml
from ase.calculators.singlepoint import SinglePointCalculator
from prefect.client.orchestration import get_client
from teachers import Logged
from typer.testing import CliRunner
from waiting import marked, until

from flows.al_cycle import al_cycle
from flows.campaign import Campaign
from flows.cli import app
from flows.history import CampaignChanged, read_cycles
from flows.summary import label_counts, status
from storage import open_lake
from tasks.errors import TooManyFailures


@pytest.fixture(scope="module")
def relabelled(files, tmp_path_factory):
    """The same few frames, labelled at a level that costs nothing and keeps a log."""
    folder = tmp_path_factory.mktemp("morse")

    def write(path):
        frames = ase.io.read(path, ":")
        for frame in frames:
            frame.calc = Logged(os.devnull)
            energy, forces = frame.get_potential_energy(), frame.get_forces()
            stress = frame.get_stress()
            frame.info = {"level": "Morse"}
            frame.calc = SinglePointCalculator(frame, energy=energy, forces=forces, stress=stress)
        ase.io.write(folder / path.name, frames, format="extxyz")
        return str(folder / path.name)

    return {
        "start": {"training": write(files.training), "model": str(files.model)},
        "tests": {"S_pr": write(files.pristine), "S_ld": write(files.defect)},
    }


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def cheap(tiny, relabelled, tmp_path, log):
    """Make the options of a tiny campaign with cheap labels: `cheap(delay=..., **changed)`."""

    def make(delay=0.0, failing=0, **changed):
        arguments = {"log": str(log), "delay": delay, "failing": failing}
        level = {"name": "Morse", "calculator": "teachers.Logged", "arguments": arguments}
        return tiny(tmp_path / "lake", level=level, **relabelled | changed)

    return make


def lines(log):
    return log.read_text().split() if log.exists() else []


def test_again_computes_nothing_and_shows_everything_as_cached(finished, capsys):
    campaign, lake = finished
    before = status(lake)
    assert al_cycle(campaign) == "cycles done"
    assert "nothing was computed" in capsys.readouterr().err
    assert status(lake) == before
    with get_client(sync_client=True) as client:
        runs = [
            run
            for run in client.read_flow_runs()
            if run.parameters.get("campaign", {}).get("lake") == campaign.lake
        ]
        last = max(runs, key=lambda run: run.start_time)
        states = [t.state.name for t in client.read_task_runs() if t.flow_run_id == last.id]
    assert states == ["Cached"] * 8


def test_killed_and_started_again_it_repeats_no_finished_label(prefect, cheap, tmp_path, log):
    two = {"workers": 2}
    extraction = {"clusters": 4, "min_unknown": 1}
    site = dict.fromkeys(("md", "qm", "train", "cpu"), two)
    options = cheap(1.0, extraction=extraction, site=site)
    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(options))
    mark = f"NEARSIGHT_TEST={tmp_path}"
    run = subprocess.Popen(
        [Path(sys.executable).with_name("nearsight"), "run", tmp_path / "campaign.yaml"],
        cwd=tmp_path,
        env=os.environ | {"PREFECT_API_URL": prefect, "NEARSIGHT_TEST": str(tmp_path)},
    )
    try:
        until(lambda: lines(log) or run.poll() is not None, 240)
        until(lambda: len(marked(mark)) >= 3, 30)  # workers are at it
        time.sleep(0.3)
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    until(lambda: not marked(mark), 30)  # nobody goes on without the flow
    lake = open_lake(options["lake"])
    labelled = {lake.get("label", key).metadata["structure"] for key in lake.keys("label")}
    finished = labelled & set(lines(log))
    assert finished

    campaign = Campaign.model_validate(cheap(1.0, extraction=extraction))  # without workers
    assert al_cycle(campaign) == "cycles done"
    computed = lines(log)
    assert all(computed.count(structure) == 1 for structure in finished)
    assert label_counts(lake, read_cycles(lake, "tiny")[-1]) == {"converged": len(set(computed))}
    assert len(set(computed)) == 4


def test_failed_labels_are_data_up_to_a_limit(prefect, cheap, tmp_path, log):
    options = cheap(failing=1, max_failed=0.5)
    lake = open_lake(options["lake"])
    assert al_cycle(Campaign.model_validate(options)) == "cycles done"
    last = read_cycles(lake, "tiny")[-1]
    assert label_counts(lake, last) == {"crashed": 1, "converged": 1}
    assert len(last.clusters) == 1
    with pytest.raises(TooManyFailures):
        al_cycle(Campaign.model_validate(options | {"max_failed": 0.2}))

    (tmp_path / "campaign.yaml").write_text(yaml.safe_dump(options | {"max_failed": 0.2}))
    said = CliRunner().invoke(app, ["run", str(tmp_path / "campaign.yaml")])
    assert said.exit_code == 2
    assert "Traceback" not in said.output
    assert "Error: 1 of 2 labels failed, more than the campaign's max_failed = 0.2" in said.output
    assert len(lines(log)) == 2


@pytest.mark.parametrize(
    ("changed", "verdict", "cycles"),
    [
        ({"target": 1e9}, "target met", 1),
        ({"extraction": {"clusters": 2, "min_unknown": 10_000}}, "nothing unknown", 2),
    ],
)
def test_a_campaign_ends_early_with_its_reason(prefect, cheap, log, changed, verdict, cycles):
    campaign = Campaign.model_validate(cheap(cycles=5, **changed))
    assert al_cycle(campaign) == verdict
    assert len(read_cycles(open_lake(campaign.lake), "tiny")) == cycles
    assert lines(log) == []
    assert al_cycle(campaign) == verdict
    with pytest.raises(CampaignChanged, match="another seed"):
        al_cycle(campaign.model_copy(update={"seed": 1}))
