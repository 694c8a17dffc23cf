import pytest

from flows.audit import audit
from flows.campaign import Campaign
from flows.history import Cycle, register
from storage import Record
from tasks.ingest import dataset


@pytest.fixture
def cycle(tiny, lake):
    register(lake, Campaign.model_validate(tiny(lake.url)))
    lake.put(Record("model", "a" * 64, {"seconds": 0.0}, {}))
    lake.put_blob(f"{'a' * 64}.safetensors", b"package")
    return Cycle("tiny", 0, "a" * 64, dataset(lake, []), {})


def defects(lake):
    return [defect.sentence for defect in audit(lake, lambda stage, done: None).defects]


def test_a_snapshot_names_what_its_cycle_does(lake, cycle):
    cycle.keep(lake)
    assert defects(lake) == []


def test_one_that_names_something_else_is_found(lake, cycle):
    lake.commit(cycle.tag, {"model": []}, {"campaign": "tiny", "cycle": 0, "model": "a" * 64})
    cycle.keep(lake)
    (sentence,) = defects(lake)
    assert "snapshot tiny/cycle-000 names other model records than its cycle" in sentence


def test_a_cycle_whose_flow_was_killed_before_its_commit_is_no_defect(lake, cycle, tmp_path):
    cycle.keep(lake)
    (tmp_path / "lake" / "snapshots.json").unlink()
    assert defects(lake) == []
