import pytest
from cheap import SITE

from nearsight.references import CalculatorLevel, Execution
from storage.links import owner
from tasks.errors import TooManyFailures
from tasks.explore import put_structure
from tasks.ingest import read_label
from tasks.label import converged, label
from tasks.workplace import workplace


@pytest.fixture
def names(lake, crystals):
    return [put_structure(lake, atoms, "S") for atoms in crystals]


def run(work, names, level, max_failed=0.5):
    state = label.fn(work, "cycle 1", names, level, max_failed, kind="structure")
    return state.data, state.name


def test_a_batch_is_labelled_once(work, names, level, log):
    pairs, shown = run(work, names, level)
    assert shown == "Completed"
    assert [name for _, name in pairs] == names
    assert run(work, names, level) == (pairs, "Cached")
    assert len(log.read_text().split()) == 3


def test_failures_below_the_limit_are_data(work, names, level, caplog):
    level = level.model_copy(update={"arguments": level.arguments | {"failing": 1}})
    pairs, _ = run(work, names, level)
    status = [read_label(work.lake, key)[1].status for key, _ in pairs]
    assert status == ["crashed", "converged", "converged"]
    assert converged(work.lake, pairs) == pairs[1:]
    assert "this one fails" in read_label(work.lake, pairs[0][0])[1].message
    assert "a label failed (crashed: " in caplog.text


def test_failures_above_the_limit_end_the_campaign_but_are_not_final(lake, names, level, log):
    level = level.model_copy(update={"arguments": level.arguments | {"failing": 2}})
    with (
        workplace(lake.url, SITE) as work,
        pytest.raises(TooManyFailures, match=r"^2 of 3 labels failed.*max_failed = 0.5.*fails$"),
    ):
        run(work, names, level)
    attempts = [lake.get("attempt", key).metadata for key in lake.keys("attempt")]
    assert [a["status"] for a in attempts] == ["crashed", "crashed"]
    assert len(lake.keys("label")) == 1
    with workplace(lake.url, SITE) as work:  # as after something was mended
        pairs, _ = run(work, names, level)
    assert len(log.read_text().split()) == 3 + 2
    assert converged(lake, pairs) == pairs
    assert set(lake.keys("label")) == {key for key, _ in pairs}


def test_a_failure_is_final_with_its_batch(lake, names, level, log):
    level = level.model_copy(update={"arguments": level.arguments | {"failing": 1}})
    for _ in range(2):
        with workplace(lake.url, SITE) as work:
            run(work, names, level)
    assert len(log.read_text().split()) == 3


def test_what_an_engine_wrote_lies_beside_its_label(work, names):
    level = CalculatorLevel(name="crash", calculator="sick.Crash")
    pairs, _ = run(work, names[:1], level, max_failed=1.0)
    told = work.lake.get("label", pairs[0][0]).metadata
    assert told["status"] == "crashed"
    assert owner(told["log"]) == pairs[0][0]  # so that cleaning spares it
    assert b"about to crash" in work.lake.get_blob(told["log"])


def test_a_site_says_how_labels_run(lake, names, tmp_path):
    arguments = {"folder": str(tmp_path), "ways": ["hang"]}
    level = CalculatorLevel(name="sick", calculator="sick.Sick", arguments=arguments)
    patient = SITE.model_copy(update={"labels": Execution(time_limit=2.0)})
    with workplace(lake.url, patient) as work:
        pairs, _ = run(work, names, level)
    statuses = [read_label(lake, key)[1].status for key, _ in pairs]
    assert statuses == ["timeout", "converged", "converged"]
