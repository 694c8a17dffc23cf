import re
from html.parser import HTMLParser

import numpy as np
import pytest
from pydantic import ValidationError

from flows.report import (
    CostRow,
    Failure,
    LabelsRow,
    MetricsRow,
    Picture,
    Report,
    before_and_after,
    duration,
    render_report,
)
from nearsight.figures import learning_curve, scene, structure, to_data_uri
from nearsight.systems.uio66 import pristine

THEORY = "SevenNet-0 (teacher) - a machine-learned level of theory, not DFT"
VOID = {"meta", "img", "input", "br", "link"}


class Page(HTMLParser):
    """Reads a page and complains when tags do not close in order."""

    def __init__(self, html: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]


def metrics(cycle, test_set, mae_p95):
    return MetricsRow(
        cycle=cycle,
        clusters=12 * cycle,
        test_set=test_set,
        energy_avg=-0.001,
        energy_std=0.61,
        rmse=mae_p95 / 4,
        mae_p95=mae_p95,
    )


@pytest.fixture(scope="module")
def report() -> Report:
    atoms = pristine()
    surprise = np.random.default_rng(0).normal(5, 1, len(atoms))
    unknown = surprise > 7
    curve = learning_curve(
        np.arange(2), np.array([0, 12]), {"S_ld": np.array([800.0, 200])}, {"S_ld": np.ones(2)}
    )
    return Report(
        title="A <b>bold</b> campaign",
        campaign="demo",
        level_of_theory=THEORY,
        summary=("It learned.",),
        metrics=[metrics(0, "S_ld", 800.0), metrics(0, "S_pr", 130.0), metrics(1, "S_ld", 200.0)],
        labels=[LabelsRow(cycle=1, converged=11, crashed=1)],
        costs=[
            CostRow(cycle=1, stage="explore", seconds=61, computed=4, cached=2),
            CostRow(cycle=1, stage="train", seconds=59),
        ],
        provenance=[("model", "abc123")],
        figures=[
            Picture(
                title="Structure",
                caption="What one sees.",
                uri=to_data_uri(structure(atoms, surprise, unknown), "png"),
                alt='the "cell"',
            ),
            Picture(title="Curve", caption="It falls.", uri=to_data_uri(curve), alt="curve"),
        ],
        failures=[Failure(what="k1", status="crashed", message="<script>alert('x')</script>")],
        scene=scene(atoms, surprise, unknown),
    )


def test_the_page_is_well_formed_and_says_everything(report):
    page = Page(render_report(report))
    assert "Force MAEp95 on S_ld 800 → 200 meV/Å −75 % from cycle 0 to cycle 1" in page.text
    assert "1 min 1 s (4 + 2)" in page.text
    assert "2 min 0 s" in page.text  # explore and train together
    assert "abc123" in page.text
    assert "-0.00" not in page.text
    assert "−0.00" not in page.text


def test_the_level_of_theory_is_always_named(report):
    bare = Report(title="t", campaign="c", level_of_theory=THEORY)
    assert THEORY in Page(render_report(bare)).text
    assert Page(render_report(report)).text.count(THEORY) >= 3
    with pytest.raises(ValidationError, match="level_of_theory"):
        Report(title="t", campaign="c", level_of_theory="")


def test_nothing_is_fetched_from_anywhere(report):
    html = render_report(report)
    page = Page(html)
    assert not re.search(r"https?://", html)
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest", html)
    for tag, attrs in page.tags:
        for name in ("src", "href", "srcset", "action"):
            if name in attrs:
                assert attrs[name].startswith(("data:image/", "#")), (tag, attrs[name][:40])


def test_every_link_within_the_page_arrives(report):
    page = Page(render_report(report))
    names = {attrs["id"] for _, attrs in page.tags if "id" in attrs}
    for attrs in page.all("a"):
        assert attrs["href"][1:] in names
    for _, attrs in page.tags:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attrs.get(name, "found") in names


def test_every_picture_has_words(report):
    images = Page(render_report(report)).all("img")
    assert [image["alt"] for image in images] == ['the "cell"', "curve"]
    with pytest.raises(ValidationError):
        Picture(title="t", caption="c", uri=report.figures[0].uri, alt="")
    with pytest.raises(ValidationError):
        Picture(title="t", caption="c", uri="http://elsewhere/x.png", alt="a")


def test_what_others_wrote_is_text_not_markup(report):
    html = render_report(report)
    assert "<script>alert" not in html
    assert "<b>bold" not in html
    assert "<script>alert('x')</script>" in Page(html).text


def test_scripts_come_only_with_a_scene(report):
    assert len(Page(render_report(report)).all("script")) == 2
    assert not Page(render_report(report.model_copy(update={"scene": None}))).all("script")


def test_a_scene_cannot_break_out_of_its_script(report):
    hostile = report.model_copy(update={"scene": {"symbols": ["</script><img src=x>"]}})
    page = Page(render_report(hostile))
    assert len(page.all("img")) == 2


def test_before_and_after_needs_two_cycles(report):
    (only,) = before_and_after(report.metrics)
    assert only.test_set == "S_ld"
    assert only.mae_p95 == (800.0, 200.0)


def test_durations_as_a_person_says_them():
    said = [duration(s) for s in (0.42, 41.2, 59.7, 200, 7500)]
    assert said == ["0.4 s", "41 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]
