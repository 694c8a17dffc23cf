import pytest

from flows.status import Status, nearby, status
from storage import LakeError, open_lake


def test_it_shows_every_campaign_and_writes_its_page(finished, tmp_path):
    campaign, lake = finished
    (row,) = status(Status(lakes=(campaign.lake,), folder=tmp_path / "pages"))
    assert row["campaign"] == "tiny"
    assert row["lake"] == lake.url
    assert row["cycle"] == 1
    assert row["clusters"] == 2
    assert row["labels of the cycle"] == "2 converged"
    assert float(row["MAE_p95 on S_ld"]) > 0
    assert "<html" in (tmp_path / "pages" / "tiny-report.html").read_text()


def test_a_lake_that_is_named_but_not_there_is_refused(prefect, tmp_path):
    with pytest.raises(LakeError, match="there is no lake at"):
        status(Status(lakes=(str(tmp_path / "none"),), folder=tmp_path))


def test_lakes_are_found_up_to_two_folders_down(tmp_path):
    for name in ("lake", "lakes/a", "lakes/b", "too/far/down"):
        open_lake(tmp_path / name)
    found = [str(tmp_path / name) for name in ("lake", "lakes/a", "lakes/b")]
    assert nearby(tmp_path) == found
