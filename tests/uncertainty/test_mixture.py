"""What the mixture adds to the contract of densities."""

from __future__ import annotations

import numpy as np
from environments import environments

from nearsight.uncertainty import Mixture, MixtureSpec


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
