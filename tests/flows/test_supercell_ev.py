"""E(V) of crystals, there and back, for real, and what is told of it."""

from __future__ import annotations

import csv

import pytest
import softening
from ase.build import bulk
from cheap import SITE
from studies import written

from flows.supercell_ev import SupercellEV, supercell_ev
from nearsight.references import CalculatorLevel
from storage import open_lake

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")


def options(folder, **changed):
    bulk("Cu", cubic=True).write(folder / "copper.cif")
    return {
        "lake": str(folder / "lake"),
        "file": folder / "ev.json",
        "systems": [
            {"file": folder / "copper.cif"},
            {"file": folder / "copper.cif", "supercell": [2, 1, 1]},
        ],
        "level": COPPER.model_dump(),
        "site": SITE.model_dump(),
    } | changed


@pytest.fixture(scope="module")
def squeezed(prefect, tmp_path_factory):
    """A run to its end: its options and its findings."""
    spec = SupercellEV.model_validate(options(tmp_path_factory.mktemp("squeezed")))
    return spec, supercell_ev(spec)


def test_curves_and_elastic_constants_agree_on_the_modulus(squeezed):
    spec, found = squeezed
    one, two = written(spec.file)["systems"]
    assert (one["system"], two["system"]) == ("copper", "copper_2x1x1")
    assert (one["unit_cells"], two["unit_cells"]) == (1, 2)
    for told in (one, two):
        fit, elastic = told["fits"][0], told["elastic"]
        assert fit["bulk_modulus"] == pytest.approx(elastic["bulk_modulus"]["reuss"], rel=0.01)
        assert elastic["stable"]
        assert told["linkers_a_brick"] is None
    assert two["fits"][0]["volume"] == pytest.approx(2 * one["fits"][0]["volume"], rel=1e-4)
    small, large = (row["V₀ (Å³)"].split(" ± ")[0] for row in found.rows)
    assert float(small) == pytest.approx(float(large), rel=1e-4)
    assert "copper: no hysteresis: out and back agree to 0.01 meV/atom." in found.said
    assert [drawing.title for drawing in found.drawings] == [
        "Energy and volume",
        "Elastic constants",
    ]


def test_all_relaxations_are_in_the_csv(squeezed):
    spec, _ = squeezed
    rows = list(csv.DictReader(spec.file.with_suffix(".csv").open(encoding="utf-8")))
    assert {row["status"] for row in rows} == {"converged"}
    mine = [row for row in rows if row["system"] == "copper"]
    assert [row["way"] for row in mine].count("outward") == len(spec.volumes)
    assert [row["way"] for row in mine].count("inward") == len(spec.volumes) - 2
    assert float(mine[0]["pressure (GPa)"]) > 5.0


def test_what_was_relaxed_is_not_relaxed_again(squeezed):
    spec, found = squeezed
    lake = open_lake(spec.lake)
    before = set(lake.keys("relaxation"))
    again = supercell_ev(spec)
    assert again.rows == found.rows
    assert set(lake.keys("relaxation")) == before
    (tag,) = lake.tags()
    assert lake.open(tag)["relaxations"]["energy"].shape == (len(before),)


def test_a_grid_without_minimum_and_failures_are_sentences(prefect, tmp_path):
    beside = options(
        tmp_path,
        systems=[{"file": softening.cif(tmp_path)}],
        level=softening.LEVEL.model_dump(),
        volumes=[0.9, 0.91, 0.92, 0.93, 0.94],
        elastic=False,
    )
    found = supercell_ev(SupercellEV.model_validate(beside))
    (row,) = found.rows
    assert row["K (GPa)"] == row["K elastic (GPa)"] == ""
    assert any("soft has no bulk modulus: the energies have no minimum" in s for s in found.said)
    hasty = SupercellEV.model_validate(beside | {"relaxation": {"max_steps": 0}})
    assert supercell_ev(hasty).said[0].startswith("soft was not compressed: its relaxation")


@pytest.mark.parametrize(
    ("volumes", "says"),
    [
        ([0.98, 0.99, 1.0, 1.0, 1.01], "one is there twice"),
        ([9000.0, 9100.0, 9200.0, 9300.0, 9400.0], "9000 is no ratio"),
        ([0.99, 1.0, 1.01], "at least 5"),
    ],
)
def test_volumes_that_make_no_sense_are_refused(tmp_path, volumes, says):
    with pytest.raises(ValueError, match=says):
        SupercellEV.model_validate(options(tmp_path, volumes=volumes))
