import pytest

from tasks.errors import TooManyFailures
from tasks.explore import put_structure
from tasks.ingest import read_label
from tasks.label import converged, label


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


def test_failures_below_the_limit_are_data(work, names, level):
    level = level.model_copy(update={"arguments": level.arguments | {"failing": 1}})
    pairs, _ = run(work, names, level)
    status = [read_label(work.lake, key)[1].status for key, _ in pairs]
    assert status == ["crashed", "converged", "converged"]
    assert converged(work.lake, pairs) == pairs[1:]
    assert "this one fails" in read_label(work.lake, pairs[0][0])[1].message


def test_failures_above_the_limit_end_the_campaign_but_stay_in_the_lake(work, names, level, log):
    level = level.model_copy(update={"arguments": level.arguments | {"failing": 2}})
    for _ in range(2):  # and are not tried again
        with pytest.raises(
            TooManyFailures, match=r"^2 of 3 labels failed.*max_failed = 0.5.*fails$"
        ):
            run(work, names, level)
    assert len(log.read_text().split()) == 3
