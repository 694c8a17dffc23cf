"""Gaussian mixtures over features, one per element (paper, Section 2.3, eq 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from nearsight.uncertainty.gaussians import RESOLUTION, Gaussians, MixtureSpec, fit_gaussians

MOST_SURPRISED = 1e6
"""Surprise of an element that the training set lacks, and the largest there is."""


class Mixture:
    """Density of training environments: a Gaussian mixture per element (paper, Section 2.3).

    Features of every element are standardised (and reduced by PCA if asked for); the number of
    Gaussians has the least Bayesian information criterion. An atom is unknown where its
    log-likelihood falls below the element's threshold: a low quantile of its training atoms'
    own log-likelihoods, less a margin.

    A feature that does not vary over an element's training atoms stays in play: its scale is
    then 0.1 % of the spread over all atoms, so that a first deviation counts as news and noise
    of single precision does not. The density is in standardised features, so log-likelihoods
    of different elements do not compare; `surprise` does.
    """

    def __init__(self, spec: MixtureSpec | None = None) -> None:
        self.spec = spec or MixtureSpec()
        self._elements: dict[int, Gaussians] = {}

    @property
    def thresholds(self) -> dict[int, float]:
        """Log-likelihood below which an atom is unknown, by atomic number."""
        return {z: float(element.threshold[0]) for z, element in self._elements.items()}

    @property
    def components(self) -> dict[int, int]:
        """Number of Gaussians M, by atomic number."""
        return {z: len(element.weights) for z, element in self._elements.items()}

    def fit(self, features: NDArray[np.float64], numbers: NDArray[np.int64]) -> Self:
        """Fit to F (n_atoms, n_features) of atoms with atomic `numbers` (n_atoms,).

        Raises
        ------
        ValueError
            If there are no atoms, shapes do not match or features are not finite.
        """
        features, numbers = _checked(features, numbers)
        if len(numbers) == 0:
            raise ValueError("a density needs at least one training atom")
        floor = RESOLUTION * (float(np.sqrt(features.var(axis=0).mean())) or 1.0)
        self._elements = {
            int(z): fit_gaussians(features[numbers == z], floor, int(z), self.spec)
            for z in np.unique(numbers)
        }
        return self

    def log_likelihood(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,) log-likelihoods; -inf for elements that `fit` never saw."""
        features, numbers = self._ready(features, numbers)
        out = np.full(len(numbers), -np.inf)
        for z, element in self._elements.items():
            mask = numbers == z
            out[mask] = element.log_likelihood(features[mask])
        return out

    def surprise(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,): threshold less log-likelihood, positive where unknown.

        Comparable across elements, and finite: elements that `fit` never saw have
        `MOST_SURPRISED`, and no atom more.
        """
        likelihood = self.log_likelihood(features, numbers)
        out = np.full(len(likelihood), MOST_SURPRISED)
        for z, element in self._elements.items():
            mask = np.asarray(numbers) == z
            out[mask] = np.minimum(element.threshold - likelihood[mask], MOST_SURPRISED)
        return out

    def unknown(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return (n_atoms,): True where the surprise is positive."""
        return self.surprise(features, numbers) > 0.0

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the fitted density as arrays named ``<atomic number>.<part>``."""
        return {
            f"{z}.{part}": np.asarray(array)
            for z, element in self._elements.items()
            for part, array in asdict(element).items()
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[np.float64]], spec: MixtureSpec | None = None
    ) -> Self:
        """Return the density that `to_arrays` took apart; it scores to the same last bit."""
        density = cls(spec)
        parts = [field.name for field in fields(Gaussians)]
        for z in sorted({int(name.split(".")[0]) for name in arrays}):
            missing = [part for part in parts if f"{z}.{part}" not in arrays]
            if missing:
                raise ValueError(f"no density in these arrays: element {z} lacks {missing}")
            density._elements[z] = Gaussians(
                **{part: np.ascontiguousarray(arrays[f"{z}.{part}"], float) for part in parts}
            )
        return density

    def _ready(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if not self._elements:
            raise ValueError("this density has not been fitted; call fit first")
        features, numbers = _checked(features, numbers)
        known = len(next(iter(self._elements.values())).mean)
        if features.shape[1] != known:
            raise ValueError(f"fitted on {known} features, asked about {features.shape[1]}")
        return features, numbers


def _checked(
    features: NDArray[np.float64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    features, numbers = np.asarray(features, dtype=np.float64), np.asarray(numbers)
    if features.ndim != 2 or numbers.shape != features.shape[:1] or features.shape[1] == 0:
        raise ValueError(
            f"features {features.shape} and numbers {numbers.shape} are not "
            "(n_atoms, n_features) and (n_atoms,)"
        )
    if not np.isfinite(features).all():
        raise ValueError("features are not finite")
    return features, numbers
