import pytest
from prefect.client.orchestration import get_client

from flows.artifacts import errors, page
from flows.gather import gather


@pytest.fixture(scope="module")
def report(finished):
    campaign, lake = finished
    return gather(lake, campaign.name)


def test_the_page_holds_every_picture(report):
    text = page(report)
    assert text.count("](data:image/") == len(report.figures)
    assert report.level_of_theory in text


def test_the_table_is_the_reports(report):
    rows = errors(report)
    assert [row["cycle"] for row in rows] == [0, 0, 1, 1]
    assert rows[0]["MAE_p95"] == f"{report.metrics[0].mae_p95:.1f}"


@pytest.fixture(scope="module")
def run(finished):
    """The flow run that computed the campaign."""
    campaign, _ = finished
    with get_client(sync_client=True) as client:
        runs = [
            run
            for run in client.read_flow_runs()
            if run.parameters.get("campaign", {}).get("lake") == campaign.lake
        ]
    return min(runs, key=lambda run: run.start_time)


def test_the_flow_run_shows_its_artifacts(run):
    with get_client(sync_client=True) as client:
        shown = {a.key: a for a in client.read_artifacts() if a.flow_run_id == run.id}
    assert shown["tiny-errors"].type == "table"
    assert shown["tiny-report"].type == "markdown"
    assert "data:image/png;base64," in shown["tiny-report"].data


def test_the_flow_run_shows_its_stages(run):
    with get_client(sync_client=True) as client:
        tasks = [task for task in client.read_task_runs() if task.flow_run_id == run.id]
    assert {task.name.split(" walk ")[0] for task in tasks} == {
        "evaluate cycle 0",
        "explore cycle 1 S_ld",
        "fit density cycle 1",
        "score cycle 1",
        "extract cycle 1",
        "label cycle 1",
        "train cycle 1",
        "evaluate cycle 1",
    }
