"""Claims of learning, on numbers that are made up: as the paper has them, and otherwise."""

import copy

import pytest

from flows.reproduction.results import RESULTS, paper

SYSTEMS = ("S_ld", "S_hf", "S_reo")


def verdicts(result, found):
    judged = RESULTS[result].judge(paper()[result], found)
    headings = {tuple(row) for row in judged.rows}
    assert len(headings) == 1
    return {claim.sentence: claim.holds for claim in judged.claims}


def changed(found, value, *where):
    """The same numbers with another value somewhere."""
    found = copy.deepcopy(found)
    inner = found
    for step in where[:-1]:
        inner = inner[step]
    assert where[-1] in inner or isinstance(inner, list)
    inner[where[-1]] = value
    return found


def only_false(result, found):
    return [sentence for sentence, holds in verdicts(result, found).items() if holds is False]


FEATURES = {
    "feature-map": {
        "spread": {"untrained, known": 0.2, "trained, known": 1.7},
        "silhouette": {
            "untrained, known": 0.6,
            "trained, known": 0.8,
            "trained, known and defect": 0.75,
        },
        "known_types": ["a", "b", "c"],
        "new_types": ["d"],
    }
}
MATCHING = {
    "force-matching": {
        "bulk_seconds": 11.0,
        "tolerance": 0.05,
        "matches": [
            {"blueprint": "mantle 0", "rmse": {"forces": 0.9}, "seconds": 1.3},
            {"blueprint": "mantle 1", "rmse": {"forces": 0.03}, "seconds": 2.3},
            {"blueprint": "mantle 9", "rmse": {}, "seconds": 0.0},
        ],
    }
}
CURVES = {
    "learning-curve": {
        "curves": {
            name: {
                "sizes": [0, 10, 20, 40],
                "mae_p95": [[start], [150.0], [100.0], [90.0]],
                "periodic": periodic,
                "labels": {
                    "a cluster": {"seconds": 2.0, "dft": 5.0},
                    "crystals": {"seconds": 200.0, "dft": 2000.0},
                },
            }
            for name, start, periodic in (
                ("S_ld", 450.0, 95.0),
                ("S_hf", 900.0, 97.0),
                ("S_reo", 700.0, 140.0),
            )
        }
    }
}
MAP = {
    "error-map": {
        "symbols": ["Hf", "O", "Zr", "C"],
        "distances": [0.0, 2.0, 9.0, 12.0],
        "errors": {
            "N = 0": [3000.0, 500.0, 100.0, 60.0],
            "N = 20": [500.0, 200.0, 90.0, 60.0],
            "N = 40": [122.0, 100.0, 80.0, 60.0],
        },
    }
}
LIKELIHOOD = {
    "likelihood": {
        "tests": {
            "D_ld": {
                "atoms": 100,
                "unknown": 2,
                "mean_error_of_unknown": 1700.0,
                "mean_error_of_known": 90.0,
                "rank_correlation": {"all": 0.4},
            }
        }
    }
}


def table(models, tests, elements=()):
    """Errors of models on test sets, by MAE_p95 and energy shift."""
    return {
        "errors": [
            {
                "model": model,
                "test": test,
                "metrics": {
                    "delta_e_avg": shift,
                    "delta_e_std": 0.5,
                    "rmse": mae / 3,
                    "mae_p95": mae,
                },
                "elements": {s: {"rmse": f * mae / 3, "mae_p95": f * mae} for s, f in elements},
            }
            for model, (mae, shift) in models.items()
            for test in tests
        ]
    }


CROSS = {
    "cross-validation": table(
        {
            "mlp_pr": (500.0, -5.0),
            "mlp_ld^c": (220.0, 15.0),
            "mlp_hf^c": (300.0, 30.0),
            "mlp_reo^c": (230.0, 20.0),
            "mlp_mix^c": (200.0, 0.2),
        },
        ["D_ld", "D_hf", "D_reo"],
    )
}
CROSS["cross-validation"]["errors"] += table({"mlp_pr": (150.0, 0.0)}, ["D_pr"])["errors"]
CROSS["cross-validation"]["errors"] += table({"mlp_mix^c": (150.0, 0.0)}, ["D_pr"])["errors"]
METALS = [("Zr", 1.2), ("Hf", 1.5)]
VALIDATION = {
    "validation": {
        "errors": table(
            {"mlp_mix": (70.0, 0.4), "mlp_sup": (56.0, 0.3)}, ["D_pr", "D_ld", "D_hf", "D_reo"]
        )["errors"]
        + table({"mlp_mix": (83.0, 0.3), "mlp_sup": (53.0, 0.1)}, ["D_cl"], METALS)["errors"]
    }
}
for _error in VALIDATION["validation"]["errors"]:
    if _error["model"] == "mlp_sup":
        _error["metrics"]["delta_e_std"] = 0.3

AS_IN_THE_PAPER = {
    "figure-4": FEATURES,
    "figure-5b": MATCHING,
    "figure-6b": CURVES,
    "figure-6c": MAP,
    "si-7": LIKELIHOOD,
    "table-3": VALIDATION,
    "table-4": VALIDATION,
}


@pytest.mark.parametrize("result", AS_IN_THE_PAPER)
def test_all_holds_where_it_is_as_in_the_paper(result):
    told = verdicts(result, AS_IN_THE_PAPER[result])
    assert len(told) > 1
    assert all(told.values()), told


@pytest.mark.parametrize(
    ("result", "where", "value", "wrong"),
    [
        ("figure-4", ("spread", "trained, known"), 0.3, "Training spreads"),
        ("figure-4", ("known_types",), ["a", "b"], "groups carbons"),
        ("figure-4", ("silhouette", "untrained, known"), 0.9, "Training separates"),
        ("figure-4", ("silhouette", "trained, known and defect"), 0.1, "Formates"),
        ("figure-5b", ("matches", 0, "rmse", "forces"), 0.1, "minimal cluster"),
        ("figure-5b", ("bulk_seconds",), 2.0, "remain cheap"),
        ("figure-6b", ("curves", "S_ld", "mae_p95", 2), [200.0], "Errors on S_ld fall"),
        ("figure-6b", ("curves", "S_hf", "periodic"), 50.0, "overtakes the periodic one on S_hf"),
        ("figure-6b", ("curves", "S_hf", "mae_p95", 2), [500.0], "teach most of S_hf"),
        ("figure-6b", ("curves", "S_reo", "mae_p95", 0), [400.0], "errs more on S_reo"),
        ("figure-6b", ("curves", "S_ld", "labels", "crystals", "seconds"), 9.0, "At equal error"),
        ("figure-6c", ("errors", "N = 0", 0), 400.0, "worst atom is Hf"),
        ("figure-6c", ("errors", "N = 40", 0), 70.0, "still worse than Zr"),
        ("figure-6c", ("errors", "N = 0", 3), 9000.0, "far from it they are low"),
        ("si-7", ("tests", "D_ld", "mean_error_of_known"), 2000.0, "larger errors"),
        ("si-7", ("tests", "D_ld", "rank_correlation", "all"), -0.1, "inversely correlated"),
    ],
)
def test_a_claim_fails_where_numbers_are_otherwise(result, where, value, wrong):
    (work,) = RESULTS[result].work
    assert any(
        wrong in s
        for s in only_false(result, changed(AS_IN_THE_PAPER[result], value, work, *where))
    )


def test_costs_at_equal_error_are_of_the_clusters_that_overtake():
    judged = RESULTS["figure-6b"].judge(paper()["figure-6b"], CURVES)
    said = {row["quantity"]: row["here"] for row in judged.rows}
    assert said["S_reo, clusters that overtake it"] == "20"
    assert said["S_reo, cost of labels, periodic over clusters, as measured"] == "5"  # 200 / 20 / 2
    assert said["S_reo, cost of labels, periodic over clusters, counted as atoms cubed"] == "20"


def test_a_curve_without_a_start_or_costs_is_not_tested():
    """A start model without Hf has no error on S_hf."""
    found = changed(CURVES, [None], "learning-curve", "curves", "S_hf", "mae_p95", 0)
    del found["learning-curve"]["curves"]["S_hf"]["labels"]["crystals"]
    told = verdicts("figure-6b", found)
    assert told["mlp_pr errs more on S_hf than on S_ld"] is None
    assert (
        told["At equal error on S_hf, labels of clusters cost less than of periodic cells"] is None
    )
    assert told["Errors on S_hf fall with clusters"]


def test_transfer_is_told_of_models_that_know_every_element():
    told = verdicts("si-8", CROSS)
    assert told["mlp_mix^c is the most transferable model: its worst MAE_p95 is the least"]
    assert told["Only mlp_mix^c has right absolute energies everywhere"]
    assert told["Cluster models of S_ld and S_reo are alike on D_reo"]
    assert told["Of mlp_pr, force errors grow more than spreads of energy, from D_pr to D_hf"]
    shifted = copy.deepcopy(CROSS)
    for error in shifted["cross-validation"]["errors"]:
        if error["model"] == "mlp_mix^c":
            error["metrics"]["delta_e_avg"] = 40.0
        if error["model"] == "mlp_reo^c":
            error["metrics"]["mae_p95"] = 400.0
    told = verdicts("si-8", shifted)
    assert told["Only mlp_mix^c has right absolute energies everywhere"] is False
    assert told["Cluster models of S_ld and S_reo are alike on D_reo"] is False


@pytest.mark.parametrize("result", ["table-3", "table-4"])
def test_a_worse_mlp_sup_is_told(result):
    worse = copy.deepcopy(VALIDATION)
    for error in worse["validation"]["errors"]:
        if error["model"] == "mlp_sup" and error["test"] in ("D_ld", "D_cl"):
            error["metrics"] = {m: 3 * value for m, value in error["metrics"].items()}
    wrong = only_false(result, worse)
    assert any("MAE_p95" in sentence for sentence in wrong)
    assert any("RMSE" in sentence for sentence in wrong)
