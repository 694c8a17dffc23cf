from __future__ import annotations

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from nearsight.uncertainty.gaussians import Gaussians, MixtureSpec, fit_gaussians

X = np.random.default_rng(0).standard_normal((500, 3)) * [1.0, 5.0, 0.1] + 2.0


def test_it_scores_as_scikit_learn_does() -> None:
    theirs = GaussianMixture(3, random_state=0).fit(X)
    ours = Gaussians(
        mean=np.zeros(3),
        axes=np.eye(3),
        weights=theirs.weights_,
        centres=theirs.means_,
        precisions=theirs.precisions_cholesky_,
        threshold=np.zeros(1),
    )
    np.testing.assert_allclose(ours.log_likelihood(X), theirs.score_samples(X), rtol=1e-10)


def test_scale_and_origin_of_features_do_not_matter() -> None:
    spec = MixtureSpec()
    plain = fit_gaussians(X, 1e-6, 6, spec)
    scaled = fit_gaussians(1e-3 * X - 7.0, 1e-9, 6, spec)
    np.testing.assert_allclose(
        plain.log_likelihood(X), scaled.log_likelihood(1e-3 * X - 7.0), atol=1e-6
    )


@pytest.mark.parametrize(("variance", "dimensions"), [(0.5, 1), (0.9, 2), (1.0, 3)])
def test_pca_keeps_the_variance_asked_for(variance: float, dimensions: int) -> None:
    flat = np.column_stack([X[:, 0], X[:, 0] + 0.5 * X[:, 1] / 5.0, X[:, 2]])
    fitted = fit_gaussians(flat, 1e-6, 6, MixtureSpec(pca=variance))
    assert fitted.axes.shape == (3, dimensions)


def test_no_more_gaussians_than_the_atoms_can_carry() -> None:
    assert len(fit_gaussians(X[:11], 1e-6, 6, MixtureSpec()).weights) == 1
