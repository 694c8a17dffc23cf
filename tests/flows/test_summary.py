import json

from flows.history import read_cycles
from flows.summary import cost, status

METRICS = {"mae_p95", "rmse", "delta_e_avg", "delta_e_std"}


def test_an_empty_lake_has_a_status(lake):
    assert status(lake) == {"lake": lake.url, "labels": {}, "campaigns": []}


def test_the_status_of_a_finished_campaign(finished):
    campaign, lake = finished
    told = json.loads(json.dumps(status(lake)))
    assert set(told) == {"lake", "labels", "campaigns"}
    (only,) = told["campaigns"]
    assert (only["name"], only["level"]) == ("tiny", campaign.level.name)
    assert [cycle["number"] for cycle in only["cycles"]] == [0, 1]
    for cycle in only["cycles"]:
        assert set(cycle) == {
            "number",
            "tag",
            "model",
            "clusters",
            "walks",
            "labels",
            "metrics",
            "seconds",
        }
        assert set(cycle["metrics"]) == {"S_pr", "S_ld"}
        assert all(set(metrics) == METRICS for metrics in cycle["metrics"].values())
    clusters = len(lake.keys("cluster"))
    assert told["labels"] == {"converged": clusters}
    assert only["cycles"][1]["clusters"] == clusters
    assert only["cycles"][1]["walks"] == 1


def test_every_stage_has_its_cost(finished):
    campaign, lake = finished
    start, end = (cost(lake, cycle) for cycle in read_cycles(lake, campaign.name))
    assert set(start) == {"evaluate"}
    assert list(end) == ["explore", "fit density", "score", "extract", "label", "train", "evaluate"]
    assert all(seconds > 0 for seconds in end.values())
