"""What last-layer rigidity adds to the contract of densities."""

import numpy as np
import pytest

from nearsight.uncertainty import Rigidity, RigiditySpec

X = np.random.default_rng(0).standard_normal((300, 4)) @ np.diag([1.0, 3.0, 0.5, 2.0]) + 1.0
CARBON = np.full(300, 6)


def test_it_is_the_formula_of_the_paper() -> None:
    spec = RigiditySpec(regularisation=1e-12)
    asked = np.random.default_rng(1).standard_normal((5, 4))
    expected = np.einsum("ni,ij,nj->n", asked, np.linalg.inv(X.T @ X), asked)
    got = -2 * Rigidity(spec).fit(X, CARBON).log_likelihood(asked, np.full(5, 6)) / len(X)
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_it_foretells_the_scatter_of_a_linear_fit() -> None:
    """The variance of a least-squares prediction over noisy training energies is known."""
    rng = np.random.default_rng(2)
    asked = 3.0 * rng.standard_normal((20, 4))
    noisy = rng.standard_normal((4000, 300))
    told = noisy @ np.linalg.pinv(X).T @ asked.T
    density = Rigidity(RigiditySpec(regularisation=1e-12)).fit(X, CARBON)
    variance = -2 * density.log_likelihood(asked, np.full(20, 6)) / len(X)
    np.testing.assert_allclose(told.var(axis=0), variance, rtol=0.15)


@pytest.mark.parametrize("strength", [1e-8, 1e-2])
def test_a_direction_never_seen_is_held_by_the_regulariser_alone(strength: float) -> None:
    flat = X.copy()
    flat[:, 3] = flat[:, 0]
    density = Rigidity(RigiditySpec(regularisation=strength)).fit(flat, CARBON)
    aside = np.array([[1.0, 0.0, 0.0, -1.0]]) * np.sqrt(np.square(flat[:, 0]).mean())
    (got,) = density.log_likelihood(aside, np.array([6]))
    assert got == pytest.approx(-1.0 / strength, rel=1e-3)
