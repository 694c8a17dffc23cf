import pytest

from flows.gather import gather, write_report


@pytest.fixture(scope="module")
def report(finished):
    campaign, lake = finished
    return gather(lake, campaign.name)


def test_the_report_tells_the_errors_before_and_after(report, finished):
    campaign, _ = finished
    assert [(row.cycle, row.test_set) for row in report.metrics] == [
        (cycle, test) for cycle in (0, 1) for test in sorted(campaign.tests)
    ]
    assert report.level_of_theory == campaign.level.name
    assert report.labels[0].converged == report.metrics[-1].clusters
    assert report.failures == ()


def test_the_report_shows_what_was_asked_for(report):
    titles = " | ".join(picture.title for picture in report.figures)
    for wanted in (
        "did not know in cycle 1",
        "sees of carbon",
        "foretell error",
        "cluster that was cut out",
        "Errors before and after",
        "model against reference",
        "Cost",
    ):
        assert wanted in titles
    assert report.scene is not None


def test_the_report_says_where_everything_comes_from(report, finished):
    _, lake = finished
    provenance = dict(report.provenance)
    assert provenance["Seed"] == "0"
    assert provenance["Model of cycle 1"] in lake.keys("model")
    assert "nequip" in provenance


def test_the_page_stands_alone(finished, tmp_path):
    campaign, lake = finished
    page = write_report(lake, campaign.name, tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert page.is_absolute()
    assert "data:image/png;base64," in text
    assert 'src="http' not in text
