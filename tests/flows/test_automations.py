"""What starts runs by itself: the end of a campaign, and a crash at another site."""

import os
from pathlib import Path

import pytest
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Cancelled
from waiting import marked, until

from flows.daemons import Daemon
from flows.history import read_cycles
from flows.mechanical_pv import MechanicalPV
from flows.registry import deploy, make_pool
from flows.services import SETTINGS
from flows.supercell_ev import SupercellEV


def runs(client, deployment, unless=()):
    """Runs of a deployment that nobody scheduled."""
    found = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment.id])),
        flow_run_filter=FlowRunFilter(),
    )
    return [run for run in found if run.id not in unless]


def start(client, flow, **parameters):
    deployment = client.read_deployment_by_name(flow)
    return client.create_flow_run_from_deployment(deployment.id, parameters=parameters)


def test_mechanics_follow_a_campaign_with_its_new_model(nobody_at_mechanics, finished, client):
    campaign, lake = finished
    run = start(client, "al_cycle/here", campaign=campaign.model_dump(mode="json"))
    until(lambda: client.read_flow_run(run.id).state.is_final(), 180)
    ended = client.read_flow_run(run.id)
    assert ended.state.is_completed(), ended.state.message
    for name, spec in (("mechanical_pv", MechanicalPV), ("supercell_ev", SupercellEV)):
        deployment = client.read_deployment_by_name(f"{name}/here")
        (follower,) = until(lambda d=deployment: runs(client, d), 90.0)
        client.set_flow_run_state(follower.id, Cancelled(), force=True)
        asked = spec.model_validate(follower.parameters["spec"])
        assert asked.model.key == read_cycles(lake, campaign.name)[-1].model
        assert asked.systems == campaign.systems
        assert asked.lake == campaign.lake
        assert asked.file == Path(f"mechanics/tiny/cycle-001-{name[-2:]}.json")


@pytest.fixture
def another_site(client, services, tmp_path_factory):
    """A site that stands in for the first; nobody works there."""
    folder = tmp_path_factory.mktemp("there")
    make_pool("there", folder)
    environment = {**os.environ, **SETTINGS, "PREFECT_API_URL": services.api}
    with temporary_settings({PREFECT_API_URL: services.api}):
        deploy("there", "here", environment)
    return client.read_deployment_by_name("al_cycle/there")


def test_a_run_that_crashes_starts_at_the_other_site_with_the_same_parameters(
    another_site, client, services, tiny, tmp_path
):
    campaign = tiny(tmp_path / "lake", name="crashing")
    run = start(client, "al_cycle/here", campaign=campaign)
    until(lambda: client.read_flow_run(run.id).state.is_running(), 180)
    worker = Daemon("worker", services.home).notes()["pid"]
    for process in marked(f"PREFECT__FLOW_RUN_ID={run.id}"):
        if process.pid != worker:
            process.kill()
    (second,) = until(lambda: runs(client, another_site), 90.0)
    assert client.read_flow_run(run.id).state.is_crashed()
    assert second.parameters == {"campaign": campaign}
    client.set_flow_run_state(second.id, Cancelled(), force=True)
