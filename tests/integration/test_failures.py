"""A campaign whose calculations fail in every way that engines fail."""

from collections import Counter

from campaigns import LEVEL, make_campaign
from cheap import HERE
from sick import WAYS

from flows.al_cycle import al_cycle
from flows.history import read_cycles
from flows.summary import status
from nearsight.references import Execution
from storage import open_lake
from tasks.ingest import members
from tasks.pools import Site

INJECTED = ["exception", "nan", "hang", "memory", "killed"]


def test_a_campaign_ends_with_what_did_not_fail(prefect, tmp_path):
    (tmp_path / "calculations").mkdir()
    arguments = {"folder": str(tmp_path / "calculations"), "ways": INJECTED}
    level = LEVEL.model_copy(update={"calculator": "sick.Sick", "arguments": arguments})
    execution = Execution(time_limit=8.0, memory_limit=4.0)
    campaign = make_campaign(tmp_path, cycles=1, labels=10).model_copy(
        update={
            "lake": str(tmp_path / "lake"),
            "level": level,
            "max_failed": 0.9,
            "site": Site(md=HERE, qm=HERE, train=HERE, cpu=HERE, labels=execution),
        }
    )
    assert al_cycle(campaign) == "cycles done"

    lake = open_lake(campaign.lake)
    last = read_cycles(lake, campaign.name)[-1]
    told = {key: lake.get("label", key).metadata for key in last.labels}
    rest = len(told) - len(INJECTED)
    assert rest > 0
    expected = Counter(WAYS[way] for way in INJECTED) + Counter(converged=rest)
    assert Counter(t["status"] for t in told.values()) == expected
    assert status(lake)["labels"] == expected
    failed = {key for key, t in told.items() if t["status"] != "converged"}
    for way in ("this one fails", "not finite", "time limit", "Unable to allocate", "SIGKILL"):
        assert sum(way in told[key]["message"] for key in failed) == 1
    assert len(last.clusters) == rest
    assert not failed & {label for label, _ in members(lake, last.dataset)}

    assert al_cycle(campaign) == "cycles done"  # failures are not tried again
    assert len(list((tmp_path / "calculations").iterdir())) == len(told)
