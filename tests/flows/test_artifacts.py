import re

import pytest
from prefect.client.orchestration import get_client

from flows.artifacts import cycle_rows, errors, headline, page, show_campaign, where
from flows.gather import gather
from flows.history import read_cycles
from flows.pages import SERVED
from flows.summary import metrics_of
from tasks.story import Story


@pytest.fixture(scope="module")
def report(finished):
    campaign, lake = finished
    return gather(lake, campaign.name)


def test_the_page_holds_every_picture(report):
    text = page(report, "There it is.")
    assert text.startswith("# Campaign tiny\n\nThere it is.")
    assert text.count("](data:image/") == len(report.figures)
    assert report.level_of_theory in text


def test_the_table_of_a_cycle_says_what_it_came_to(finished):
    campaign, lake = finished
    begin, end = read_cycles(lake, campaign.name)
    rows = {row["what"]: row["cycle 1"] for row in cycle_rows(lake, end, 1)}
    found, errors = lake.get("batch", end.batch).metadata, metrics_of(lake, end)
    told = "MAE_p95 {mae_p95:.1f}, RMSE {rmse:.1f} meV/Å"
    assert re.fullmatch(r"md .* s, cpu .* s, qm .* s, train .* s", rows.pop("work of the pools"))
    assert rows == {
        "walks": 1,
        "unknown atoms": f"{found['unknown_atoms']} of {found['atoms_seen']}, in all frames",
        "clusters cut": 2,
        "labels": "2 converged, 0 failed; 1 found in the lake",
        "clusters learned from": 2,
        "forces on S_pr": told.format(**errors["S_pr"]),
        "forces on S_ld": told.format(**errors["S_ld"]),
    }
    first = [row["what"] for row in cycle_rows(lake, begin, 0)]
    assert first[0] == "clusters learned from"
    assert len(first) == 4
    assert headline(lake, end).endswith(
        f"{errors['S_pr']['mae_p95']:.0f} on S_pr (meV/Å); 2 labels"
    )


def test_the_whole_report_is_linked_where_the_server_shows_pages(finished, monkeypatch, tmp_path):
    campaign, lake = finished
    command = f"`nearsight report {lake.url} --campaign tiny`"
    monkeypatch.delenv(SERVED, raising=False)
    assert where(lake, campaign.name) == f"The whole report: {command}."
    monkeypatch.setenv(SERVED, str(tmp_path))
    told = where(lake, campaign.name)
    (file,) = tmp_path.iterdir()
    assert told == f"[The whole report](/reports/{file.name}), or as a file: {command}."
    assert "<html" in file.read_text()


def test_what_cannot_be_shown_fails_nothing(finished, caplog):
    with Story() as story:
        show_campaign(story, finished[1], "no-such-campaign")
    assert "no artifacts" in caplog.text


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
    types = {key.removeprefix("tiny-"): artifact.type for key, artifact in shown.items()}
    assert types == {
        "cycle-0": "table",
        "cycle-1": "table",
        "walks": "progress",
        "labels": "progress",
        "epochs": "progress",
        "errors": "table",
        "report": "markdown",
    }
    told = {key: shown[f"tiny-{key}"] for key in ("walks", "labels", "epochs")}
    assert {key: artifact.data for key, artifact in told.items()} == dict.fromkeys(told, 100)
    assert told["labels"].description == "cycle 1: 2 of 2 labels"
    assert told["epochs"].description == "cycle 1: 100% of the epochs of 1 model"
    assert "data:image/png;base64," in shown["tiny-report"].data


def test_the_flow_run_shows_its_stages(run):
    with get_client(sync_client=True) as client:
        tasks = [task for task in client.read_task_runs() if task.flow_run_id == run.id]
    assert {task.name.split(" seed ")[0] for task in tasks} == {
        "evaluate cycle 0 on test sets",
        "explore cycle 1 S_ld",
        "fit density cycle 1",
        "score cycle 1",
        "extract cycle 1",
        "label cycle 1 by SevenNet-0 (teacher)",
        "retrain cycle 1",
        "evaluate cycle 1 on test sets",
    }
