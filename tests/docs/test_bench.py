"""The table of `make bench`: its benchmarks are there, and the page on speed quotes a run of it."""

import inspect
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    return import_module("run")


def test_every_benchmark_takes_its_arguments(run):
    for bench in run.SET.values():
        inspect.signature(import_module(bench.module).figures).bind(**bench.arguments)


def test_a_row_is_a_figure_or_one_per_another(run):
    found = {"XYZ: read": 3.0, "local: read": 0.5}
    assert run.Row("read", "", "XYZ: read").value(found) == 3.0
    assert run.Row("read", "the lake", "XYZ: read", "local: read").value(found) == 6.0


def test_figures_of_a_place_have_its_name(run, monkeypatch):
    module = type("module", (), {"figures": staticmethod(lambda n: {"a": n, "b": {"c": 2.0}})})
    monkeypatch.setattr(run, "import_module", {"some": module}.get)
    assert run.figures("some", {"n": 1.0}) == {"a": 1.0, "b: c": 2.0}


def test_the_page_on_speed_quotes_the_run_that_is_kept(run):
    told = json.loads((ROOT / "docs/bench.json").read_text())
    page = (ROOT / "docs/speed.md").read_text()
    rows = [row for bench in run.SET.values() for row in bench.rows]
    assert [row["what"] for row in told["rows"]] == [row.what for row in rows]
    for row in told["rows"]:
        assert f"| {row['what']} | {row['over']} | {row['value']:.3g} | {row['aim']} |" in page


def test_the_readme_quotes_it_too():
    told = json.loads((ROOT / "docs/bench.json").read_text())
    _, _, section = (ROOT / "README.md").read_text().partition("## How fast\n")
    quoted = [line for line in section.partition("\n## ")[0].splitlines() if line[:2] == "| "][1:]
    assert len(quoted) > 5
    rows = {f"| {row['what']} | {row['over']} | {row['value']:.3g} |" for row in told["rows"]}
    assert rows.issuperset(quoted)


def test_equal_error_lies_between_the_points_of_both_curves(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    equal_error = import_module("equal_error")
    errors = {"periodic": [400.0, 200.0, 100.0], "clusters": [300.0, 400.0, 200.0]}
    sizes = {"periodic": [1, 2, 4], "clusters": [2, 4, 8]}
    level, ratio = equal_error.at_equal_error(errors, sizes, {"periodic": 10.0, "clusters": 1.0})
    assert level == 200.0
    assert np.isclose(ratio, 2 * 10.0 / (8 * 1.0))
