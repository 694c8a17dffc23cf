"""Claims of the mechanics, on numbers that are made up: as the paper has them, and otherwise."""

import pytest
from verdicts import verdicts

from flows.reproduction.results import RESULTS, paper

K = {
    "S_pr": 38.1,
    "S_ld": 33.0,
    "S_ld-2-1": 30.0,
    "S_ld-2-7": 24.0,
    "S_reo": 17.7,
    "S_bcu": 10.7,
    "S_scu": 4.9,
    "S_pr-hf": 37.5,
}
V0 = {"S_pr": 9110.0, "S_reo": 9080.0, "S_bcu": 9050.0, "S_scu": 9000.0}
SUPERCELLS = {
    "pristine": (12.0, 38.1, 9110.0),
    "half": (10.4, 25.0, 9105.0),
    "S": (8.3, 12.5, 9100.0),
}


def system(name, k, v0, cells=1, linkers=12.0):
    fits = [] if k is None else [{"bulk_modulus": k, "volume": v0 * cells}]
    composition = {"coordination": linkers}
    return {"system": name, "fits": fits, "unit_cells": cells, "composition": composition}


def ev(**changed):
    cells = [system(n, (K | changed).get(n), V0.get(n, 9100.0)) for n in K]
    large = [
        system(name, changed.get(name, k), v, 8, linkers)
        for name, (linkers, k, v) in SUPERCELLS.items()
    ]
    return {"systems": [*cells, *reversed(large)]}


def pv(p_max, borne=0.4):
    curve = {"k0": 37.0, "v0": 9110.0, "p_max": 1.09}
    points = [{"pressure (GPa)": 0.0, "counts": True}, {"pressure (GPa)": borne, "counts": True}]
    lost = [{"pressure (GPa)": 0.8, "counts": False}]
    return {
        "systems": [
            {"system": "S_pr", "curve": curve, "points": points},
            {"system": "S_scu", "curve": curve | {"p_max": p_max}, "points": points + lost},
        ]
    }


TRUTH = {"systems": [system("S_pr", 37.0, 9100.0), system("S_scu", 4.7, 9010.0)]}


@pytest.mark.parametrize("result", ["table-5", "figure-8", "figure-9"])
def test_all_holds_where_it_is_as_in_the_paper(result):
    told = verdicts(result, {"ev": ev(), "pv": pv(0.05), "truth": TRUTH})
    assert len(told) > 4
    assert all(told.values()), told
    assert verdicts(result, {"ev": ev(), "pv": pv(0.05)})  # without the level of theory itself


@pytest.mark.parametrize(
    ("result", "changed", "wrong"),
    [
        ("table-5", {"S_bcu": 20.0}, "K falls as disorder grows"),
        ("table-5", {"S_ld-2-1": 36.0}, "K falls as disorder grows"),
        ("table-5", {"S_ld-2-1": 24.1}, "K depends on where"),
        ("table-5", {"S_pr-hf": 45.0}, "Hf in place of Zr"),
        ("table-5", {"S_pr": 60.0}, "for S_pr, to 15 %"),
        ("figure-8", {"S_bcu": 20.0}, "K falls in the same order"),
        ("figure-9", {"half": 10.0}, "Supercells soften"),
        ("figure-9", {"S": 20.0}, "drops about 3-fold"),
        ("figure-9", {"S_reo": 11.0}, "S_reo lacks more"),
        ("figure-9", {"pristine": 36.0}, "as stiff as its unit cell"),
    ],
)
def test_a_claim_fails_where_numbers_are_otherwise(result, changed, wrong):
    told = verdicts(result, {"ev": ev(**changed), "pv": pv(0.05), "truth": TRUTH})
    assert [holds for sentence, holds in told.items() if wrong in sentence] == [False]


def test_a_system_without_a_modulus_leaves_its_claims_untested():
    told = verdicts("table-5", {"ev": ev(S_bcu=None), "pv": pv(0.05)})
    assert told["K falls as disorder grows"] is None
    told = verdicts("figure-9", {"ev": ev(half=None)})
    assert told["Supercells soften as bricks lose linkers"] is None


def test_without_a_maximum_the_largest_pressure_of_a_sound_walk_counts():
    judged = RESULTS["table-5"].judge(paper()["table-5"], {"ev": ev(), "pv": pv(None)})
    shown = {row["quantity"]: row for row in judged.rows}
    assert ">0.4" in shown["P_max of S_scu, GPa"].values()
    assert "1.09" in shown["P_max of S_pr, GPa"].values()
    (bears,) = (c for c in judged.claims if c.sentence.startswith("S_pr bears"))
    assert bears.holds
    assert "S_scu 0.4" in bears.figures
    told = verdicts("table-5", {"ev": ev(), "pv": pv(None, borne=1.2)})
    assert told["S_pr bears a larger pressure than S_scu does"] is False


def test_a_model_that_ranks_otherwise_than_its_teacher_is_told():
    swapped = {"systems": [system("S_pr", 37.0, 9100.0), system("S_reo", 39.0, 9080.0)]}
    told = verdicts("figure-9", {"ev": ev(), "truth": swapped})
    assert told["The model ranks systems by K as its teacher does"] is False


def test_supercells_are_told_by_how_many_linkers_they_keep():
    judged = RESULTS["figure-9"].judge(paper()["figure-9"], {"ev": ev()})
    shown = {row["quantity"]: (row["paper"], row["here"]) for row in judged.rows}
    assert shown["linkers a brick, S"] == ("8.3", "8.3")
    assert shown["K of S, GPa"] == ("12.5", "12.5")
    assert shown["K of pristine, GPa"] == ("38.1", "38.1")
    assert shown["K of half, GPa"] == ("", "25")
