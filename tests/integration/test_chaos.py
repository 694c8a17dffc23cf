"""Campaigns on S3 whose parts are killed, and whose store is away for a while."""

import time

import pytest
from campaigns import make_campaign, site
from flow_process import FlowProcess
from killer import AWAY, VICTIMS, Killer, undisturbed
from likeness import differences
from s3_server import s3_store

from storage import open_lake


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with s3_store(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def campaign(tmp_path_factory):
    return make_campaign(tmp_path_factory.mktemp("campaign"), cycles=1, labels=3)


@pytest.fixture(scope="module")
def twin(prefect, server, campaign, tmp_path_factory):
    """The lake of the undisturbed campaign."""
    here = campaign.model_copy(update={"lake": "s3://lake/undisturbed", "site": site(0)})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PREFECT_API_URL", prefect)
        yield undisturbed(here, tmp_path_factory.mktemp("undisturbed") / "run")


def test_whatever_is_killed_nothing_is_lost_and_nothing_done_twice(
    server, campaign, twin, tmp_path
):
    killer = Killer(0, lambda kills: kills.total() >= len(VICTIMS), server)
    killer.run(campaign.model_copy(update={"lake": "s3://lake/killed"}), tmp_path / "run", twin)
    assert killer.figures.wrong == []
    assert killer.done, killer.figures


def test_a_campaign_waits_for_its_store_says_so_and_goes_on(server, campaign, twin, tmp_path):
    flow = FlowProcess(campaign.model_copy(update={"lake": "s3://lake/waiting"}), tmp_path / "run")
    flow.start()
    while flow.runs() and not flow.calculations():
        time.sleep(0.05)
    server.kill()
    time.sleep(8.0)
    server.start()
    assert flow.wait() == 0, flow.terminal
    assert flow.starts == 1
    assert AWAY in flow.terminal
    assert "answers again" in flow.terminal
    assert list(differences(open_lake("s3://lake/waiting"), twin)) == []
