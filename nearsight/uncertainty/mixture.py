"""Gaussian mixtures over features, one per element (paper, Section 2.3, eq 4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nearsight.uncertainty.elements import PerElement
from nearsight.uncertainty.gaussians import Gaussians, MixtureSpec, fit_gaussians


class Mixture(PerElement[MixtureSpec, Gaussians]):
    """Density of training environments: a Gaussian mixture per element (paper, Section 2.3).

    Features of every element are standardised (and reduced by PCA if asked for); the number of
    Gaussians has the least Bayesian information criterion.

    A feature that does not vary over an element's training atoms stays in play: its scale is
    then 0.1 % of the spread over all atoms, so that a first deviation counts as news and noise
    of single precision does not.
    """

    element = Gaussians
    options = MixtureSpec

    @property
    def components(self) -> dict[int, int]:
        """Number of Gaussians M, by atomic number."""
        return {z: len(element.weights) for z, element in self._elements.items()}

    def _fit(
        self, features: NDArray[np.float64], floor: float, z: int
    ) -> tuple[Gaussians, NDArray[np.float64]]:
        fitted = fit_gaussians(features, floor, z, self.spec)
        return fitted, fitted.log_likelihood(features)
