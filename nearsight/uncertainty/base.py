"""The seam to what a model does not know."""

from __future__ import annotations

from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray


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

    def unknown(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return (n_atoms,): True below a low quantile of the training set's own likelihoods."""
        ...
