"""The seam to what a model does not know."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nearsight.spec import Spec

MOST_SURPRISED = 1e6
"""Surprise of an element that the training set lacks, and the largest there is."""


class ThresholdSpec(Spec):
    """How unlikely an atom may be and still count as known."""

    quantile: float = Field(
        default=0.001,
        ge=0,
        lt=1,
        title="Threshold quantile",
        description="an atom less likely than this fraction of the training atoms is unknown",
    )
    margin: float = Field(
        default=3.0,
        ge=0,
        title="Threshold margin",
        description="log-units below the quantile, for atoms that the fit has not seen",
    )


class Density(Protocol):
    """A density of training environments in feature space, one per element (paper, Section 2.3)."""

    def fit(self, features: NDArray[np.float64], numbers: NDArray[np.int64]) -> Self:
        """Fit to F (n_atoms, n_features) of atoms with atomic `numbers` (n_atoms,)."""
        ...

    def log_likelihood(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,) log-likelihoods; -inf for elements that `fit` never saw."""
        ...

    def surprise(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,): threshold less log-likelihood, positive where unknown; finite."""
        ...

    def unknown(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return (n_atoms,): True below a low quantile of the training set's own likelihoods."""
        ...

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the fitted density as arrays named ``<atomic number>.<part>``."""
        ...
