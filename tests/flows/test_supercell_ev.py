"""E(V) of crystals, there and back, for real, and what is told of it."""

from __future__ import annotations

import csv
from statistics import mean, stdev

import network
import pytest
import softening
from ase.build import bulk
from cheap import SITE
from studies import written

from flows.parameters import BadParameters
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
        assert told["composition"] is None
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
    assert row["K (GPa)"] == ""
    assert "K elastic (GPa)" not in row
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


DISORDERS = (network.LINKERS, network.BRICKS, network.DOMAINS)


def ensembles(folder, **changed):
    """Unit cells of three sorts of disorder, each drawn three times; nothing drives the third."""
    return {
        "lake": str(folder / "lake"),
        "file": folder / "ensembles.json",
        "systems": [{"variant": "pr"}, *({"disorder": disorder} for disorder in DISORDERS)],
        "configurations": 3,
        "level": network.LEVEL.model_dump(),
        "volumes": [0.97, 0.985, 1.0, 1.015, 1.03],
        "relaxation": {"max_force": 0.05, "max_stress": 0.05},
        "elastic": False,
        "site": SITE.model_dump(),
    } | changed


@pytest.fixture(scope="module")
def drawn(prefect, tmp_path_factory):
    """A run to its end: its folder, its options and its findings."""
    folder = tmp_path_factory.mktemp("ensembles")
    spec = SupercellEV.model_validate(ensembles(folder))
    return folder, spec, supercell_ev(spec)


def test_an_ensemble_has_the_mean_and_spread_of_its_configurations(drawn):
    _, spec, found = drawn
    told = written(spec.file)
    moduli = {one["system"]: one["fits"] and one["fits"][0] for one in told["systems"]}
    first, *_ = told["ensembles"]
    assert first["ensemble"] == "S_0-0-0.2-resulting"
    assert first["configurations"] == [f"S_0-0-0.2-resulting-s{seed}" for seed in range(3)]
    both = [moduli[name]["bulk_modulus"] for name in first["configurations"][:2]]
    assert first["bulk_modulus"] == {
        "values": both,
        "mean": pytest.approx(mean(both)),
        "spread": pytest.approx(stdev(both)),
        "error": pytest.approx(stdev(both) / 2**0.5),
    }
    assert moduli["S_pr"]["bulk_modulus"] > max(both)
    row = found.means[0]
    assert row["counted"] == "2 of 3"
    assert row["Hf, brick, linker"] == "0.00-0.00-0.21"
    assert row["linkers a brick"] == "9.50"
    assert float(row["K (GPa)"].split(" ± ")[0]) == pytest.approx(mean(both), rel=0.01)
    assert float(row["spread (GPa)"]) == pytest.approx(stdev(both), rel=0.06)
    assert len(found.rows) == 10
    assert [row["Hf, brick, linker"] for row in found.means[1:]] == ["0.00-0.25-0.58"] * 2


def test_a_configuration_that_does_not_relax_is_told_and_not_averaged_in(drawn):
    _, spec, found = drawn
    lost = "S_0-0-0.2-resulting-s2"
    left_out = written(spec.file)["ensembles"][0]["left_out"]
    assert list(left_out) == [lost]
    assert "no springs were laid" in left_out[lost]
    assert any(
        s.startswith(f"{lost} was not compressed") and "no springs were laid" in s
        for s in found.said
    )
    assert any("S_0-0-0.2-resulting: 1 of 3 configurations gave no" in s for s in found.said)


def test_the_modulus_is_drawn_over_missing_linkers_and_over_the_size_of_domains(drawn):
    _, _, found = drawn
    (figure,) = [d.figure for d in found.drawings if d.title == "Bulk modulus and disorder"]
    concentration, correlation = figure.axes
    assert [text.get_text() for text in concentration.texts] == ["S_pr"]
    assert len(concentration.containers) == 3
    assert correlation.lines[0].get_xdata().tolist() == [0.0, 10.0]
    (energy,) = [d.figure for d in found.drawings if d.title == "Energy and volume"]
    assert len(energy.legends[0].get_texts()) == 4


def test_seeds_listed_by_hand_are_the_same_ensemble_and_nothing_is_relaxed_again(drawn):
    folder, spec, found = drawn
    lake = open_lake(spec.lake)
    before = set(lake.keys("relaxation"))
    systems = [{"disorder": d | {"seed": seed}} for seed in range(3) for d in DISORDERS]
    beside = ensembles(folder, configurations=1, systems=systems, file=folder / "hand.json")
    again = supercell_ev(SupercellEV.model_validate(beside))
    assert set(lake.keys("relaxation")) == before
    assert again.means == found.means


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"systems": [{"variant": "pr"}]}, "configurations: no system has disorder"),
        (
            {"systems": [{"disorder": network.LINKERS | {"seed": seed}} for seed in (0, 2)]},
            "systems: S_0-0-0.2-resulting-s2 would be drawn twice: .* lie 3 apart",
        ),
        (
            {
                "systems": [
                    {"disorder": {"linker": 0.2}},
                    {"disorder": {"linker": 0.20001, "seed": 3}},
                ]
            },
            "differ in more than their seed have the same name but for it: S_0-0-0.2",
        ),
        ({"configurations": 0}, "configurations"),
    ],
)
def test_ensembles_that_make_no_sense_are_refused(tmp_path, changed, says):
    with pytest.raises(ValueError, match=says):
        SupercellEV.model_validate(ensembles(tmp_path, **changed))


def test_seeds_that_follow_one_another_but_do_not_overlap_are_one_ensemble(tmp_path):
    systems = [{"disorder": network.LINKERS | {"seed": seed}} for seed in (0, 3)]
    spec = SupercellEV.model_validate(ensembles(tmp_path, systems=systems))
    assert [system.disorder.seed for _, system in spec.drawn] == list(range(6))


def test_a_draw_that_cannot_be_had_is_refused_by_its_field_and_seed(prefect, tmp_path):
    few = {"disorder": {"brick": 0.25, "linker": 0.52, "counted": "resulting", "hf": 0.001}}
    spec = SupercellEV.model_validate(ensembles(tmp_path, systems=[{"variant": "pr"}, few]))
    with pytest.raises(BadParameters, match=r"systems\.1, seed 0: 0\.001 of .* Zr atoms makes 0"):
        supercell_ev(spec)
    assert not list(open_lake(spec.lake).keys("relaxation"))
