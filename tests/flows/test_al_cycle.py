import numpy as np
import pytest

from flows.al_cycle import judge, replay, seeds
from flows.campaign import Campaign
from flows.history import read_cycles
from tasks.ingest import joined, members
from tasks.workplace import workplace


@pytest.fixture
def campaign(tiny):
    return Campaign.model_validate(tiny("lake", walks=3))


def test_every_walk_has_a_seed_of_its_own(campaign):
    drawn = [s for cycle in (1, 2) for system in (0, 1) for s in seeds(campaign, cycle, system)]
    assert len(set(drawn)) == len(drawn) == 12
    assert seeds(campaign, 1, 0) == seeds(campaign, 1, 0)


def test_another_campaign_seed_makes_other_walks(campaign):
    other = campaign.model_copy(update={"seed": 1})
    assert set(seeds(campaign, 1, 0)).isdisjoint(seeds(other, 1, 0))


def test_replay_draws_anew_in_every_cycle_and_alike_in_every_run(campaign):
    crystals = tuple("abcdefghij")
    drawn = [replay(campaign, crystals, cycle) for cycle in range(1, 9)]
    assert all(len(set(r)) == campaign.retraining.replay for r in drawn)
    assert len({tuple(r) for r in drawn}) > 1
    assert drawn[0] == replay(campaign, crystals, 1)
    assert replay(campaign, ("a",), 1) == ["a"]


def test_a_cycle_trains_on_crystals_and_clusters(finished, tmp_path):
    campaign, lake = finished
    _, end = read_cycles(lake, campaign.name)
    with workplace(str(tmp_path / "other"), campaign.site) as work:
        pairs = members(work.lake, joined(work.lake, ["crystal"], end.clusters))
    assert ("crystal", "") in pairs
    assert set(end.clusters) < set(pairs)


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({}, "cycles done"),
        ({"cycles": 2}, None),
        ({"cycles": 2, "target": 1e9}, "target met"),
        ({"target": 1e-9}, "cycles done"),
    ],
)
def test_when_a_campaign_ends(finished, options, verdict):
    campaign, lake = finished
    with workplace(lake.url, campaign.site) as work:
        last = read_cycles(lake, campaign.name)[-1]
        assert judge(work, campaign.model_copy(update=options), last) == verdict


def test_the_target_holds_for_every_test_set(finished):
    campaign, lake = finished
    last = read_cycles(lake, campaign.name)[-1]
    errors = [
        lake.get("evaluation", key).metadata["metrics"]["mae_p95"]
        for key in last.evaluations.values()
    ]
    between = campaign.model_copy(update={"target": float(np.mean(errors)), "cycles": 2})
    with workplace(lake.url, campaign.site) as work:
        assert judge(work, between, last) is None
