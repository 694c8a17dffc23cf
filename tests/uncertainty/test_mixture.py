"""Densities: a contract every one keeps, and what the mixture adds to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nearsight.uncertainty import Density, Mixture, MixtureSpec
from nearsight.uncertainty.mixture import MOST_SURPRISED

DENSITIES: list[Callable[[], Density]] = [Mixture, lambda: Mixture(MixtureSpec(pca=0.99))]


def environments(
    n: int, seed: int, n_features: int = 8
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return features of hydrogens of one kind and carbons of three, correlated and scaled."""
    rng = np.random.default_rng(seed)
    numbers = np.resize(np.array([1, 6, 6, 6]), n)
    kinds = np.resize(np.arange(4), n)
    world = np.random.default_rng(0)
    centres = 3.0 * world.standard_normal((4, n_features))
    mixing = world.standard_normal((n_features, n_features)) * np.logspace(-2, 0, n_features)
    features = centres[kinds] + 0.3 * rng.standard_normal((n, n_features)) @ mixing
    return 1e-2 * features, numbers


@pytest.mark.parametrize("make", DENSITIES)
class TestContract:
    def test_shapes_and_unseen_elements(self, make: Callable[[], Density]) -> None:
        density = make().fit(*environments(400, 1))
        features, numbers = environments(40, 2)
        numbers[5] = 40
        likelihood = density.log_likelihood(features, numbers)
        assert likelihood.shape == (40,)
        assert np.flatnonzero(np.isneginf(likelihood)).tolist() == [5]
        unknown = density.unknown(features, numbers)
        assert unknown.dtype == np.bool_
        assert unknown[5]

    def test_few_false_alarms_and_no_miss(self, make: Callable[[], Density]) -> None:
        density = make().fit(*environments(2000, 1))
        features, numbers = environments(2000, 2)
        assert density.unknown(features, numbers).mean() < 0.003
        strange = features + 0.05
        assert density.unknown(strange, numbers).mean() > 0.99

    def test_order_of_atoms_does_not_matter(self, make: Callable[[], Density]) -> None:
        density = make().fit(*environments(400, 1))
        features, numbers = environments(40, 2)
        order = np.random.default_rng(3).permutation(40)
        np.testing.assert_allclose(
            density.log_likelihood(features[order], numbers[order]),
            density.log_likelihood(features, numbers)[order],
        )

    def test_no_atoms_score_to_nothing(self, make: Callable[[], Density]) -> None:
        density = make().fit(*environments(400, 1))
        nobody = np.zeros((0, 8)), np.zeros(0, dtype=np.int64)
        assert density.log_likelihood(*nobody).shape == (0,)
        assert density.unknown(*nobody).shape == (0,)


def test_bic_finds_the_kinds_of_environment() -> None:
    density = Mixture().fit(*environments(4000, 1))
    assert density.components == {1: 1, 6: 3}


def test_it_is_the_mixture_of_the_true_density() -> None:
    """One standard normal: the log-likelihood is known."""
    x = np.random.default_rng(1).standard_normal((20_000, 2))
    numbers = np.full(len(x), 6)
    density = Mixture(MixtureSpec(max_samples=20_000)).fit(x, numbers)
    at = np.array([[0.0, 0.0], [2.0, -1.0], [0.5, 3.0]])
    expected = -np.log(2 * np.pi) - 0.5 * (at**2).sum(axis=1)
    got = density.log_likelihood(at, np.full(3, 6))
    np.testing.assert_allclose(got, expected, atol=0.1)


def test_surprise_is_finite_and_positive_where_unknown() -> None:
    density = Mixture().fit(*environments(400, 1))
    features, numbers = environments(8, 2)
    features[1] += 1e9
    numbers[2] = 8
    surprise = density.surprise(features, numbers)
    assert surprise[1] == surprise[2] == MOST_SURPRISED
    assert np.isfinite(surprise).all()
    assert np.array_equal(surprise > 0, density.unknown(features, numbers))
    known = np.delete(np.arange(8), [1, 2])
    limits = np.array([density.thresholds[int(z)] for z in numbers[known]])
    np.testing.assert_allclose(
        surprise[known], limits - density.log_likelihood(features, numbers)[known]
    )


def test_the_threshold_is_the_quantile_less_the_margin() -> None:
    features, numbers = environments(2000, 1)
    spec = MixtureSpec(quantile=0.05, margin=0.0)
    unknown = Mixture(spec).fit(features, numbers).unknown(features, numbers)
    for z in (1, 6):
        assert unknown[numbers == z].mean() == pytest.approx(0.05, abs=0.002)
    wide = Mixture(spec.model_copy(update={"margin": 2.0})).fit(features, numbers)
    tight = Mixture(spec).fit(features, numbers)
    assert tight.thresholds[6] - wide.thresholds[6] == pytest.approx(2.0)


def test_round_trip_without_pickle_is_exact(tmp_path: Path) -> None:
    density = Mixture(MixtureSpec(pca=0.999)).fit(*environments(400, 1))
    np.savez(tmp_path / "density.npz", **density.to_arrays())  # type: ignore[arg-type]
    with np.load(tmp_path / "density.npz", allow_pickle=False) as arrays:
        again = Mixture.from_arrays(dict(arrays), density.spec)
    features, numbers = environments(40, 2)
    assert np.array_equal(
        again.log_likelihood(features, numbers), density.log_likelihood(features, numbers)
    )
    assert np.array_equal(again.surprise(features, numbers), density.surprise(features, numbers))
    assert again.thresholds == density.thresholds


def test_half_a_density_is_refused() -> None:
    arrays = Mixture().fit(*environments(400, 1)).to_arrays()
    del arrays["6.weights"]
    with pytest.raises(ValueError, match="element 6 lacks"):
        Mixture.from_arrays(arrays)


def test_same_seed_same_density() -> None:
    one, two = (Mixture(MixtureSpec(max_samples=100)).fit(*environments(800, 1)) for _ in range(2))
    other = Mixture(MixtureSpec(max_samples=100, seed=1)).fit(*environments(800, 1))
    assert one.thresholds == two.thresholds != other.thresholds


def test_a_feature_that_never_varied_is_news_when_it_does() -> None:
    features, numbers = environments(400, 1)
    features[:, 3] = 0.07
    density = Mixture().fit(features, numbers)
    noise = features + 1e-7 * features.std() * np.random.default_rng(0).standard_normal((400, 8))
    assert density.unknown(noise, numbers).mean() < 0.01
    features[:, 3] += 0.1 * features.std()
    assert density.unknown(features, numbers).all()


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 30),
    n_features=st.integers(1, 6),
    constant=st.booleans(),
    copies=st.booleans(),
    seed=st.integers(0, 99),
    pca=st.sampled_from([None, 0.5, 1.0]),
)
def test_poor_training_sets_still_give_a_density(
    n: int, n_features: int, constant: bool, copies: bool, seed: int, pca: float | None
) -> None:
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, n_features))
    if constant:
        features[:, 0] = -4.0
    if copies:
        features[:] = features[0]
    numbers = rng.choice([1, 6], n)
    density = Mixture(MixtureSpec(pca=pca)).fit(features, numbers)
    assert np.isfinite(density.log_likelihood(features, numbers)).all()
    assert not density.unknown(features, numbers).any()


@pytest.mark.parametrize(
    ("features", "numbers", "why"),
    [
        (np.zeros((0, 8)), np.zeros(0, int), "at least one"),
        (np.zeros((3, 8)), np.zeros(2, int), "are not"),
        (np.full((3, 8), np.nan), np.ones(3, int), "not finite"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    features: NDArray[np.float64], numbers: NDArray[np.int64], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        Mixture().fit(features, numbers)


def test_questions_it_cannot_answer_are_refused() -> None:
    with pytest.raises(ValueError, match="call fit first"):
        Mixture().unknown(*environments(4, 1))
    density = Mixture().fit(*environments(400, 1))
    with pytest.raises(ValueError, match="fitted on 8 features, asked about 7"):
        density.log_likelihood(np.zeros((2, 7)), np.array([1, 6]))
