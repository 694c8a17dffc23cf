"""One mixture of Gaussians: how it is fitted and how it scores (paper, Section 2.3, eq 4)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import logsumexp

from nearsight.uncertainty.base import ThresholdSpec
from nearsight.uncertainty.elements import drawn

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture


class MixtureSpec(ThresholdSpec, title="Gaussian mixture"):
    """A mixture of Gaussians per element (paper, Section 2.3)."""

    kind: Literal["mixture"] = Field(
        "mixture",
        title="Kind",
        exclude_if=lambda kind: True,  # the first kind there was keeps its keys
    )

    max_components: int = Field(
        default=10,
        ge=1,
        le=100,
        title="Most Gaussians per element",
        description="BIC picks the number",
    )
    pca: float | None = Field(
        default=None,
        gt=0,
        le=1,
        title="Variance kept by PCA",
        description="fraction; empty: no reduction",
    )
    max_samples: int = Field(
        default=4000,
        ge=2,
        title="Most atoms fitted per element",
        description="drawn at random if more",
    )
    regularisation: float = Field(
        default=1e-4, gt=0, title="Added to variances", description="of standardised features"
    )
    seed: int = Field(default=0, ge=0, title="Seed")


@dataclass(frozen=True)
class Gaussians:
    """The mixture of one element in standardised, rotated features of dimension d.

    `axes` (n_features, d) takes ``features - mean`` there; `precisions` (k, d, d) are upper
    Cholesky factors of the inverse covariances; `threshold` (1,) is the log-likelihood below
    which an atom is unknown.
    """

    mean: NDArray[np.float64]
    axes: NDArray[np.float64]
    weights: NDArray[np.float64]
    centres: NDArray[np.float64]
    precisions: NDArray[np.float64]
    threshold: NDArray[np.float64]

    @property
    def n_features(self) -> int:
        return len(self.mean)

    def log_likelihood(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n_atoms,) for features (n_atoms, n_features)."""
        x = (features - self.mean) @ self.axes
        whitened = np.einsum("nd,kde->nke", x, self.precisions)
        whitened -= np.einsum("kd,kde->ke", self.centres, self.precisions)
        determinant = np.log(np.diagonal(self.precisions, axis1=1, axis2=2)).sum(axis=1)
        gaussians = determinant - 0.5 * (
            np.square(whitened).sum(axis=2) + x.shape[1] * np.log(2.0 * np.pi)
        )
        total: NDArray[np.float64] = logsumexp(gaussians + np.log(self.weights), axis=1)
        return total


def fit_gaussians(
    features: NDArray[np.float64], floor: float, z: int, spec: MixtureSpec
) -> Gaussians:
    """Fit to the features (n_atoms, n_features) of element `z`, none narrower than `floor`.

    The threshold is still open.
    """
    rng = np.random.default_rng([spec.seed, z])
    sample = drawn(features, spec.max_samples, rng)
    mean, scale = sample.mean(axis=0), np.maximum(sample.std(axis=0), floor)
    axes = np.diag(1.0 / scale)
    if spec.pca is not None:
        axes = axes @ _principal(((sample - mean) / scale), spec.pca)
    mixture = _least_bic((sample - mean) @ axes, spec, int(rng.integers(2**31)))
    return Gaussians(
        mean=mean,
        axes=axes,
        weights=np.asarray(mixture.weights_, float),
        centres=np.asarray(mixture.means_, float),
        precisions=np.asarray(mixture.precisions_cholesky_, float),
        threshold=np.array([-np.inf]),
    )


def _principal(x: NDArray[np.float64], variance: float) -> NDArray[np.float64]:
    """Return (n_features, d): the fewest principal axes that keep this fraction of variance."""
    _, singular, rows = np.linalg.svd(x, full_matrices=False)
    share = np.cumsum(singular**2) / max(float((singular**2).sum()), np.finfo(float).tiny)
    d = min(int(np.searchsorted(share, variance - 1e-12)) + 1, len(rows))
    return np.ascontiguousarray(rows[:d].T)


def _least_bic(x: NDArray[np.float64], spec: MixtureSpec, seed: int) -> GaussianMixture:
    """Fit mixtures of 1, 2, … Gaussians until the criterion has grown twice in a row."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture  # seconds to import; forms need the spec alone

    if len(x) == 1:
        x = np.repeat(x, 2, axis=0)
    most = max(1, min(spec.max_components, len(x) // (2 * x.shape[1])))
    best, least, worse = None, np.inf, 0
    for k in range(1, most + 1):
        mixture = GaussianMixture(k, reg_covar=spec.regularisation, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the criterion judges the fit
            bic = float(mixture.fit(x).bic(x))
        if bic < least:
            best, least, worse = mixture, bic, 0
        else:
            worse += 1
        if worse == 2:
            break
    return best
