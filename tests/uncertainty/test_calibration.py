from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nearsight.uncertainty.calibration import judge, most, rank_correlation, recall_curve

ERRORS = np.random.default_rng(0).exponential(size=2000)


def test_an_oracle_finds_all_and_nothing_else() -> None:
    verdict = judge(most(ERRORS**3, 0.05), ERRORS)
    assert verdict == (0.05, 1.0, 1.0, 0.0)
    assert rank_correlation(np.log(ERRORS), ERRORS) == pytest.approx(1.0)
    flagged, recall = recall_curve(ERRORS, ERRORS)
    np.testing.assert_allclose(recall, np.minimum(flagged / 0.05, 1.0))


def test_chance_finds_what_it_flags() -> None:
    chance = np.random.default_rng(1).random(2000)
    verdict = judge(most(chance, 0.4), ERRORS)
    assert verdict.recall == pytest.approx(0.4, abs=0.1)
    assert verdict.precision == pytest.approx(0.05, abs=0.02)
    assert verdict.false_alarms == pytest.approx(0.5, abs=0.05)
    assert rank_correlation(chance, ERRORS) == pytest.approx(0.0, abs=0.06)
    flagged, recall = recall_curve(chance, ERRORS)
    assert np.abs(recall - flagged).max() < 0.15


def test_nothing_flagged_is_nothing_found() -> None:
    verdict = judge(np.zeros(2000, dtype=bool), ERRORS)
    assert verdict[:2] == (0.0, 0.0)
    assert np.isnan(verdict[2:]).all()


@settings(deadline=None)
@given(
    n=st.integers(1, 40),
    seed=st.integers(0, 999),
    share=st.floats(0.01, 1.0),
    ties=st.booleans(),
)
def test_it_counts_as_brute_force_does(n: int, seed: int, share: float, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    surprise, errors = rng.random(n), rng.random(n)
    if ties:
        surprise = np.round(surprise, 1)
    ranked = sorted(range(n), key=lambda i: (-errors[i], i))
    worst = set(ranked[: max(1, round(share * n))])
    order = sorted(range(n), key=lambda i: (-surprise[i], i))
    flagged, recall = recall_curve(surprise, errors, share)
    for count in range(1, n + 1):
        chosen = set(order[:count])
        assert recall[count - 1] == pytest.approx(len(chosen & worst) / len(worst))
        assert flagged[count - 1] == pytest.approx(count / n)
        verdict = judge(np.isin(np.arange(n), list(chosen)), errors, share)
        assert verdict.recall == pytest.approx(recall[count - 1])
        assert verdict.precision == pytest.approx(len(chosen & worst) / count)
        low = sum(errors[i] < np.median(errors) for i in chosen)
        assert verdict.false_alarms == pytest.approx(low / count)


@pytest.mark.parametrize(("n", "share"), [(0, 0.05), (3, 0.0), (3, 1.5)])
def test_shares_that_are_none_are_refused(n: int, share: float) -> None:
    with pytest.raises(ValueError, match="is no atom"):
        most(np.ones(n), share)


def test_what_does_not_vary_has_no_rank() -> None:
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0)))
