"""What the distance to neighbours adds to the contract of densities."""

import numpy as np
import pytest
from environments import environments

from nearsight.uncertainty import Neighbours, NeighboursSpec

X = np.random.default_rng(0).standard_normal((500, 3))
CARBON = np.full(500, 6)


@pytest.mark.parametrize("k", [1, 4])
def test_it_is_the_distance_that_brute_force_finds(k: int) -> None:
    asked = np.random.default_rng(1).standard_normal((10, 3))
    distances = np.linalg.norm((asked[:, None] - X[None]) / X.std(axis=0), axis=2)
    density = Neighbours(NeighboursSpec(k=k)).fit(X, CARBON)
    got = density.log_likelihood(asked, np.full(10, 6))
    np.testing.assert_allclose(got, -3 * np.log(np.sort(distances, axis=1)[:, k - 1]))


def test_it_is_a_density() -> None:
    """Ratios of likelihoods are those of the normal distribution that was drawn from."""
    x = np.random.default_rng(2).standard_normal((20_000, 2))
    density = Neighbours(NeighboursSpec(k=200, max_samples=20_000)).fit(x, np.full(20_000, 6))
    asked = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, -2.0]])
    got = density.log_likelihood(asked, np.full(3, 6))
    np.testing.assert_allclose(got - got[0], -0.5 * np.square(asked).sum(axis=1), atol=0.25)


def test_a_training_atom_is_not_its_own_neighbour() -> None:
    """Else no atom, met or not, would be as likely as those of the training set."""
    density = Neighbours(NeighboursSpec(k=1, quantile=0.5, margin=0.0)).fit(X, CARBON)
    fresh = np.random.default_rng(3).standard_normal((500, 3))
    assert density.unknown(fresh, CARBON).mean() == pytest.approx(0.5, abs=0.08)
    assert not density.unknown(X, CARBON).any()


def test_same_seed_same_density() -> None:
    one, two, other = (
        Neighbours(NeighboursSpec(max_samples=100, seed=seed)).fit(*environments(800, 1))
        for seed in (0, 0, 1)
    )
    assert one.thresholds == two.thresholds != other.thresholds


def test_a_feature_that_never_varied_is_news_when_it_does() -> None:
    features, numbers = environments(400, 1)
    features[:, 3] = 0.07
    density = Neighbours().fit(features, numbers)
    features[:, 3] += 0.1 * features.std()
    assert density.unknown(features, numbers).all()
