"""Claims on numbers that are made up: as the paper has them, and otherwise."""

import pytest
from verdicts import changed, verdicts, wrong

from flows.reproduction.results import RESULTS

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
AS_IN_THE_PAPER = {"figure-4": FEATURES, "figure-5b": MATCHING, "si-7": LIKELIHOOD}


@pytest.mark.parametrize("result", AS_IN_THE_PAPER)
def test_all_holds_where_it_is_as_in_the_paper(result):
    told = verdicts(result, AS_IN_THE_PAPER[result])
    assert len(told) > 1
    assert all(told.values()), told


@pytest.mark.parametrize(
    ("result", "where", "value", "sentence"),
    [
        ("figure-4", ("spread", "trained, known"), 0.3, "Training spreads"),
        ("figure-4", ("known_types",), ["a", "b"], "groups carbons"),
        ("figure-4", ("silhouette", "untrained, known"), 0.9, "Training separates"),
        ("figure-4", ("silhouette", "trained, known and defect"), 0.1, "Formates"),
        ("figure-5b", ("matches", 0, "rmse", "forces"), 0.1, "minimal cluster"),
        ("figure-5b", ("bulk_seconds",), 2.0, "remain cheap"),
        ("si-7", ("tests", "D_ld", "mean_error_of_known"), 2000.0, "larger errors"),
        ("si-7", ("tests", "D_ld", "rank_correlation", "all"), -0.1, "inversely correlated"),
    ],
)
def test_a_claim_fails_where_numbers_are_otherwise(result, where, value, sentence):
    (work,) = RESULTS[result].work
    found = changed(AS_IN_THE_PAPER[result], value, work, *where)
    assert any(sentence in told for told in wrong(result, found))
