"""Hundreds of labels of a millisecond through a flow: all are kept, and the server hardly hears."""

from campaigns import site
from millisecond import LEVEL, clusters
from prefect import flow
from prefect_server import prefect_server

from storage import open_lake
from tasks.label import label
from tasks.workplace import workplace

LABELS = 300


def test_the_server_hears_of_a_batch_and_not_of_its_labels(tmp_path):
    with (
        prefect_server(tmp_path / "prefect") as server,
        workplace(str(tmp_path / "lake"), site(2)) as work,
    ):
        names, _ = clusters(work.lake, LABELS)

        @flow(name="labels", persist_result=False)
        def labelled():
            return label.submit(work, "cycle 1", names, LEVEL, 0.0).result()

        pairs = labelled()
        assert labelled() == pairs

    lake = open_lake(tmp_path / "lake", mode="r")
    assert [name for _, name in pairs] == names
    assert lake.keys("label") == sorted({key for key, _ in pairs})
    assert len(lake.keys("label")) == LABELS
    assert {lake.get("label", key).metadata["status"] for key, _ in pairs} == {"converged"}

    rows = server.rows()
    assert rows["flow_run"] == 2
    assert rows["task_run"] <= 2  # of events, which a busy server takes when it can
    assert rows["task_run_state"] + rows["log"] + rows["events"] + rows["artifact"] < LABELS
    assert server.check() == "ok"
    assert "database is locked" not in server.log
