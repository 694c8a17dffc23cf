"""P(V) of a crystal whose curve is known, walked for real, and what is told of it."""

from __future__ import annotations

import csv
import sys
from importlib.util import find_spec

import numpy as np
import pytest
import softening
from ase.build import bulk
from cheap import SITE
from studies import written

from flows.mechanical_pv import MechanicalPV, mechanical_pv
from flows.parameters import BadParameters
from storage import open_lake

needs_yaff = pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")

LEG = {
    "temperature": 20.0,
    "duration": 200.0,
    "timestep": 2.0,
    "frame_interval": 4.0,
    "barostat_time": 25.0,
    "bulk_modulus": 100.0,
}


def options(folder, **changed):
    return {
        "lake": str(folder / "lake"),
        "file": folder / "pv.json",
        "systems": [{"file": softening.cif(folder)}],
        "level": softening.LEVEL.model_dump(),
        "pressures": [-0.5, 0.0, 1.0, 2.0],
        "volumes": [1.0, 0.98, 0.96, 0.93, 0.9],
        "stable": {"legs": 3, "leg": LEG},
        "unstable": {"legs": 2, "leg": LEG},
        "site": SITE.model_dump(),
    } | changed


@pytest.fixture(scope="module")
def pressed(prefect, tmp_path_factory):
    """A run to its end: its options and its findings."""
    spec = MechanicalPV.model_validate(options(tmp_path_factory.mktemp("pressed")))
    return spec, mechanical_pv(spec)


@needs_yaff
def test_the_landmarks_of_a_known_curve_are_found(pressed):
    spec, _ = pressed
    (told,) = written(spec.file)["systems"]
    curve = told["curve"]
    for name, true, least in (
        ("v0", softening.V0, 0.1),
        ("k0", softening.K, 2.0),
        ("p_max", softening.P_MAX, 0.03),
    ):
        assert curve[name] == pytest.approx(true, abs=3.0 * curve[f"{name}_error"] + least)
    assert curve["v_max"] == pytest.approx(softening.V0 * 16 / 17, rel=0.01)


@needs_yaff
def test_branches_agree_and_the_grid_refines_itself(pressed):
    spec, found = pressed
    rows = list(csv.DictReader(spec.file.with_suffix(".csv").open(encoding="utf-8")))
    assert [row["counts"] for row in rows] == ["True"] * len(rows)
    branches = [row["branch"] for row in rows]
    assert branches.count("stable") == 4
    assert branches.count("unstable") == 5 + 3
    for row in rows:
        slope = softening.K / softening.V0
        error = np.hypot(
            float(row["error of pressure (GPa)"]), slope * float(row["error of volume (Å³)"])
        )
        assert float(row["pressure (GPa)"]) == pytest.approx(
            softening.pressure(float(row["volume (Å³)"])), abs=4.0 * error + 0.02
        )
        assert float(row["a (Å)"]) == pytest.approx(7.2, abs=0.4)
        assert row["mean rotation of bricks (°)"] == ""
    assert any("they differ by" in sentence for sentence in found.said)
    assert [drawing.title for drawing in found.drawings] == [
        "Pressure and volume",
        "How soft gives way",
    ]


@needs_yaff
def test_what_was_walked_is_not_walked_again(pressed):
    spec, found = pressed
    lake = open_lake(spec.lake)
    before = {kind: set(lake.keys(kind)) for kind in lake.kinds()}
    again = mechanical_pv(spec)
    assert again.rows == found.rows
    assert again.said == found.said
    assert {kind: set(lake.keys(kind)) for kind in lake.kinds()} == before
    (tag,) = lake.tags()
    assert lake.open(tag)["responses"]["pressures"].shape[0] > 0


def test_without_yaff_the_stable_branch_is_offered_and_walks_alone(prefect, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaff", None)
    with pytest.raises(BadParameters, match=r"volumes: .*YAFF.*leave volumes empty"):
        mechanical_pv(MechanicalPV.model_validate(options(tmp_path)))
    alone = options(tmp_path, volumes=[], pressures=[-1.0, -0.5, 0.0, 0.5, 1.0])
    found = mechanical_pv(MechanicalPV.model_validate(alone))
    (row,) = found.rows
    assert row["V₀ (Å³)"]
    assert row["P_max (GPa)"] == ""
    assert any("no maximum" in sentence for sentence in found.said)


def test_points_that_say_nothing_give_sentences_and_no_numbers(prefect, tmp_path):
    few = options(tmp_path, volumes=[], pressures=[1.0, 30.0 / 2])
    (row,) = (found := mechanical_pv(MechanicalPV.model_validate(few))).rows
    assert row["K (GPa)"] == row["P_max (GPa)"] == ""
    assert any("soft has no curve: " in sentence for sentence in found.said)
    assert any("the walk at 15 GPa is left out: stopped: volume" in s for s in found.said)


@needs_yaff
def test_a_walk_whose_start_made_bonds_as_it_was_compressed_does_not_count(prefect, tmp_path):
    """Its guards take the bonds of its start for those that it must keep."""
    argon = softening.crystal()
    argon.numbers[:] = 18
    argon.write(tmp_path / "argon.cif")
    one = {"legs": 1, "leg": LEG | {"duration": 12.0}}
    squeezed = options(tmp_path, pressures=[], volumes=[0.75], unstable=one, refinements=0)
    squeezed |= {"systems": [{"file": tmp_path / "argon.cif"}]}
    found = mechanical_pv(MechanicalPV.model_validate(squeezed))
    (left_out,) = (s for s in found.said if "other bonds than the system has: atom" in s)
    assert left_out.startswith("argon: the walk at 279.9 Å³ is left out")


def test_a_system_that_does_not_come_to_rest_is_told(prefect, tmp_path):
    hasty = options(tmp_path, relaxation={"max_steps": 1, "max_stress": 1e-6}, volumes=[])
    found = mechanical_pv(MechanicalPV.model_validate(hasty))
    assert found.said == (found.said[0],)
    assert found.said[0].startswith("soft was not pressed: its relaxation unconverged")
    assert found.drawings == ()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"level": None}, "model: give what drives the systems"),
        ({"volumes": [9000.0]}, "9000 is no ratio"),
        ({"volumes": [], "pressures": []}, "neither pressures nor volumes"),
        ({"pressures": [0.5e3]}, "beyond ±20 GPa"),
        ({"pressures": [0.0, 0.5, -0.0]}, "pressures: one is there twice"),
        ({"volumes": [1.0, 0.9, 1.0]}, "volumes: one is there twice"),
        ({"file": "pv.txt"}, "must end in .json"),
        ({"stable": {"leg": {"pressure": [0, 1]}}}, "the flow sets the pressure"),
        ({"relaxation": {"moves": "positions and cell"}}, "what moves at a fixed volume"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, changed, says):
    with pytest.raises(ValueError, match=says):
        MechanicalPV.model_validate(options(tmp_path, **changed))


def test_systems_of_one_name_are_refused(tmp_path):
    twice = options(tmp_path)["systems"] * 2
    with pytest.raises(ValueError, match="two have the same name: soft, soft"):
        MechanicalPV.model_validate(options(tmp_path, systems=twice))


def test_options_come_back_from_json_as_forms_send_them(tmp_path):
    spec = MechanicalPV.model_validate(options(tmp_path))
    assert MechanicalPV.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"file": "soft.cif/pv.json"}, "file: nothing can be written to .*soft.cif: File exists"),
        ({"level": {"kind": "gpaw"}}, "has no stress"),
        ({"systems": [{"file": "tiny.cif"}]}, "systems.0: the start is not sane"),
        ({"systems": [{"file": "none.cif"}]}, "there is no such file"),
        (
            {"level": None, "model": {"file": "model.safetensors"}},
            "systems.0: the model knows no Cu, which soft holds",
        ),
    ],
)
def test_what_cannot_be_pressed_is_refused_before_anything_runs(
    prefect, tmp_path, files, changed, says
):
    if "systems" in changed:
        changed = {"systems": [{"file": tmp_path / changed["systems"][0]["file"]}]}
        bulk("Si").write(tmp_path / "tiny.cif")
    if "model" in changed:
        changed = changed | {"model": {"file": files.model}}
    if "file" in changed:
        changed = {"file": tmp_path / changed["file"]}
    spec = MechanicalPV.model_validate(options(tmp_path, **{"volumes": []} | changed))
    with pytest.raises(BadParameters, match=says):
        mechanical_pv(spec)
    assert not open_lake(spec.lake).keys("relaxation")
