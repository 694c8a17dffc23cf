"""The contract that every density keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from environments import environments
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nearsight.uncertainty import (
    MOST_SURPRISED,
    DensitySpec,
    MixtureSpec,
    NeighboursSpec,
    RigiditySpec,
    density,
    density_from,
)

SPECS: dict[str, DensitySpec] = {
    "mixture": MixtureSpec(),
    "reduced": MixtureSpec(pca=0.99),
    "rigidity": RigiditySpec(),
    "neighbours": NeighboursSpec(),
    "nearest": NeighboursSpec(k=1),
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> DensitySpec:
    return SPECS[request.param]


def test_an_element_never_seen_is_the_least_likely(spec: DensitySpec) -> None:
    fitted = density(spec).fit(*environments(400, 1))
    features, numbers = environments(40, 2)
    numbers[5] = 40
    likelihood = fitted.log_likelihood(features, numbers)
    assert likelihood.shape == (40,)
    assert np.flatnonzero(np.isneginf(likelihood)).tolist() == [5]
    assert fitted.surprise(features, numbers)[5] == MOST_SURPRISED
    assert fitted.unknown(features, numbers)[5]


def test_few_false_alarms_and_no_miss(spec: DensitySpec) -> None:
    fitted = density(spec).fit(*environments(2000, 1))
    features, numbers = environments(2000, 2)
    assert fitted.unknown(features, numbers).mean() < 0.003
    assert fitted.unknown(features + 0.05, numbers).mean() > 0.99


def test_the_further_the_more_surprised(spec: DensitySpec) -> None:
    features, numbers = environments(400, 1)
    fitted = density(spec).fit(features, numbers)
    away = np.random.default_rng(4).standard_normal(8)
    path = np.array([features[1] + step * away for step in (1e-3, 1e-2, 3e-2)])
    surprise = fitted.surprise(path, np.full(3, 6))
    assert surprise[0] < surprise[1] < surprise[2]


def test_order_of_atoms_does_not_matter(spec: DensitySpec) -> None:
    fitted = density(spec).fit(*environments(400, 1))
    features, numbers = environments(40, 2)
    order = np.random.default_rng(3).permutation(40)
    np.testing.assert_allclose(
        fitted.log_likelihood(features[order], numbers[order]),
        fitted.log_likelihood(features, numbers)[order],
    )


def test_the_unit_of_features_does_not_matter(spec: DensitySpec) -> None:
    unit = 250.0
    features, numbers = environments(400, 1)
    asked, of = environments(40, 2)
    plain = density(spec).fit(features, numbers).surprise(asked, of)
    scaled = density(spec).fit(features * unit, numbers).surprise(asked * unit, of)
    np.testing.assert_allclose(scaled, plain, rtol=1e-6, atol=1e-6)


def test_no_atoms_score_to_nothing(spec: DensitySpec) -> None:
    fitted = density(spec).fit(*environments(400, 1))
    nobody = np.zeros((0, 8)), np.zeros(0, dtype=np.int64)
    assert fitted.log_likelihood(*nobody).shape == (0,)
    assert fitted.unknown(*nobody).shape == (0,)


def test_surprise_is_finite_and_positive_where_unknown(spec: DensitySpec) -> None:
    fitted = density(spec).fit(*environments(400, 1))
    features, numbers = environments(8, 2)
    features[1] += 1e9
    surprise = fitted.surprise(features, numbers)
    assert surprise[1] == surprise.max() <= MOST_SURPRISED
    assert np.isfinite(surprise).all()
    assert np.array_equal(surprise > 0, fitted.unknown(features, numbers))
    known = np.delete(np.arange(8), 1)
    limits = np.array([fitted.thresholds[int(z)] for z in numbers[known]])
    np.testing.assert_allclose(
        surprise[known], limits - fitted.log_likelihood(features, numbers)[known]
    )


def test_the_threshold_is_the_quantile_less_the_margin(spec: DensitySpec) -> None:
    features, numbers = environments(4000, 1)
    asked, of = environments(4000, 2)
    tight = spec.model_copy(update={"quantile": 0.05, "margin": 0.0})
    fitted = density(tight).fit(features, numbers)
    for z in (1, 6):
        assert fitted.unknown(asked, of)[of == z].mean() == pytest.approx(0.05, abs=0.02)
    wide = density(tight.model_copy(update={"margin": 2.0})).fit(features, numbers)
    assert fitted.thresholds[6] - wide.thresholds[6] == pytest.approx(2.0)


def test_round_trip_without_pickle_is_exact(spec: DensitySpec, tmp_path: Path) -> None:
    fitted = density(spec).fit(*environments(400, 1))
    np.savez(tmp_path / "density.npz", **fitted.to_arrays())
    with np.load(tmp_path / "density.npz", allow_pickle=False) as arrays:
        again = density_from(dict(arrays), spec.model_dump(mode="json"))
    features, numbers = environments(40, 2)
    assert type(again) is type(fitted)
    assert again.spec == spec
    assert np.array_equal(
        again.log_likelihood(features, numbers), fitted.log_likelihood(features, numbers)
    )
    assert np.array_equal(again.surprise(features, numbers), fitted.surprise(features, numbers))


def test_half_a_density_is_refused(spec: DensitySpec) -> None:
    arrays = density(spec).fit(*environments(400, 1)).to_arrays()
    del arrays["6.threshold"]
    with pytest.raises(ValueError, match="element 6 lacks"):
        density_from(arrays, spec.model_dump(mode="json"))


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 30),
    n_features=st.integers(1, 6),
    constant=st.booleans(),
    copies=st.booleans(),
    seed=st.integers(0, 99),
    kind=st.sampled_from(sorted(SPECS)),
)
def test_poor_training_sets_still_give_a_density(
    n: int, n_features: int, constant: bool, copies: bool, seed: int, kind: str
) -> None:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, n_features))
    if constant:
        features[:, 0] = -4.0
    if copies:
        features[:] = features[0]
    numbers = rng.choice([1, 6], n)
    fitted = density(SPECS[kind]).fit(features, numbers)
    assert np.isfinite(fitted.log_likelihood(features, numbers)).all()
    assert not fitted.unknown(features, numbers).any()


@pytest.mark.parametrize(
    ("features", "numbers", "why"),
    [
        (np.zeros((0, 8)), np.zeros(0, int), "at least one"),
        (np.zeros((3, 8)), np.zeros(2, int), "are not"),
        (np.full((3, 8), np.nan), np.ones(3, int), "not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    spec: DensitySpec, features: NDArray[np.float64], numbers: NDArray[np.int64], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        density(spec).fit(features, numbers)


def test_questions_it_cannot_answer_are_refused(spec: DensitySpec) -> None:
    with pytest.raises(ValueError, match="call fit first"):
        density(spec).unknown(*environments(4, 1))
    fitted = density(spec).fit(*environments(400, 1))
    with pytest.raises(ValueError, match="fitted on 8 features, asked about 7"):
        fitted.log_likelihood(np.zeros((2, 7)), np.array([1, 6]))
