import dataclasses
import shutil

import pytest

from flows.campaign import Campaign
from flows.history import CampaignChanged, Cycle, campaigns, read_cycles, register
from storage import Record
from tasks.ingest import dataset


@pytest.fixture
def campaign(tiny, lake):
    return Campaign.model_validate(tiny(lake.url))


def changed(campaign, **options):
    return Campaign.model_validate(campaign.model_dump() | options)


def test_a_campaign_is_noted_with_its_options(lake, campaign):
    register(lake, campaign)
    register(lake, campaign)
    assert campaigns(lake)["tiny"]["level"]["name"] == campaign.level.name


@pytest.mark.parametrize(
    "options",
    [
        {"cycles": 9},
        {"target": 50.0},
        {"max_failed": 1.0},
        {"site": {"qm": {"workers": 4}}},
        {
            "retraining": {
                "replay": 2,
                "schedule": {"epochs": 1, "validation_fraction": 0.3, "device": "cpu"},
            }
        },
        {
            "retraining": {
                "replay": 2,
                "schedule": {"epochs": 1, "validation_fraction": 0.3, "checkpoint_interval": 9.0},
            }
        },
    ],
)
def test_what_no_result_depends_on_may_change(lake, campaign, options):
    register(lake, campaign)
    register(lake, changed(campaign, **options))


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"seed": 5}, "seed"),
        ({"walks": 3}, "walks"),
        (
            {"walk": {"temperature": 300.0, "duration": 5.0, "frame_interval": 5.0}},
            "walk.temperature",
        ),
        ({"systems": [{"variant": "pr"}]}, "systems.0.variant"),
        ({"systems": [{"variant": "ld"}, {"variant": "pr"}]}, "systems"),
    ],
)
def test_what_results_depend_on_may_not(lake, campaign, options, field):
    register(lake, campaign)
    with pytest.raises(CampaignChanged, match=rf"was run with another {field};") as refused:
        register(lake, changed(campaign, **options))
    assert "\n" not in str(refused.value)


def test_files_may_move_but_not_change(lake, campaign, files, tmp_path):
    register(lake, campaign)
    moved = tmp_path / "moved.extxyz"
    shutil.copy(files.defect, moved)
    other = changed(campaign, tests={"S_pr": files.pristine, "S_ld": moved})
    register(lake, other)
    moved.write_text(files.pristine.read_text())
    with pytest.raises(CampaignChanged, match=r"another tests\.S_ld;"):
        register(lake, other)


def test_a_test_set_more_is_another_campaign(lake, campaign, files):
    register(lake, campaign)
    tests = {"S_pr": files.pristine, "S_ld": files.defect, "S_new": files.defect}
    with pytest.raises(CampaignChanged, match=r"another tests\.S_new;|another .*tests\.S_new;"):
        register(lake, changed(campaign, tests=tests))


def some_cycle(lake, number):
    lake.put(Record("model", "a" * 64, {"seconds": 0.0}, {}))
    return Cycle("tiny", number, "a" * 64, dataset(lake, []), {})


def test_cycles_come_back_as_they_were_kept(lake):
    cycles = [some_cycle(lake, i) for i in range(3)]
    for cycle in cycles:
        assert cycle.keep(lake) is cycle
        cycle.keep(lake)
    assert read_cycles(lake, "tiny") == cycles
    assert read_cycles(lake, "other") == []
    assert lake.tags() == ["tiny/cycle-000", "tiny/cycle-001", "tiny/cycle-002"]


def test_a_cycle_that_comes_out_otherwise_is_refused(lake):
    cycle = some_cycle(lake, 0).keep(lake)
    with pytest.raises(CampaignChanged, match="cycle 0 of campaign 'tiny' came out otherwise"):
        dataclasses.replace(cycle, evaluations={"S": "e" * 64}).keep(lake)


def test_a_finished_campaign_is_all_there(finished):
    campaign, lake = finished
    start, end = read_cycles(lake, campaign.name)
    assert (start.number, end.number) == (0, 1)
    assert (start.labels, start.batch) == ([], "")
    assert set(start.evaluations) == {"S_pr", "S_ld"}
    assert len(end.clusters) == len(end.labels)
    assert lake.tags() == [start.tag, end.tag]
    assert lake.history()[-1].metadata["model"] == end.model
