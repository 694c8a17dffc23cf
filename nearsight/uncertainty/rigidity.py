"""Last-layer prediction rigidity, one per element (Bigi, Chong, Ceriotti, Grasselli 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nearsight.uncertainty.base import ThresholdSpec
from nearsight.uncertainty.elements import PerElement


class RigiditySpec(ThresholdSpec, title="prediction rigidity"):
    """Last-layer prediction rigidity per element."""

    kind: Literal["rigidity"] = Field("rigidity", title="Kind")
    regularisation: float = Field(
        default=1e-6,
        gt=0,
        title="Regulariser ς²",
        description="in units of the mean square of a feature",
    )


@dataclass(frozen=True)
class Rigid:
    """How firmly the training atoms of one element hold the linear readout in place.

    `factor` (n_features, n_features) takes features to w with w² = fᵀ (FᵀF / n + ς²)⁻¹ f.
    """

    factor: NDArray[np.float64]
    threshold: NDArray[np.float64]

    @property
    def n_features(self) -> int:
        return len(self.factor)

    def log_likelihood(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n_atoms,) -w²/2 for features (n_atoms, n_features), less a constant."""
        half: NDArray[np.float64] = 0.5 * np.square(features @ self.factor).sum(axis=1)
        return -half


class Rigidity(PerElement[RigiditySpec, Rigid]):
    """Last-layer prediction rigidity (LLPR): variance of the energy that a linear readout tells.

    The last layer of a network is a linear model over F, so the variance of an atom's energy is
    σ² ∝ fᵀ (FᵀF + ς²)⁻¹ f, with F the features of the training atoms: Laplace's approximation to
    the posterior of the readout's weights (F. Bigi, S. Chong, M. Ceriotti, F. Grasselli, Mach.
    Learn.: Sci. Technol. 2024, 5, 045018, 10.1088/2632-2153/ad805f). -σ²/2 is also, less a
    constant, the log-likelihood of one Gaussian around the origin of feature space, whence the same
    thresholds as those of other densities. Here every element has its own F, as in Section 2.3 of
    the paper. Features are measured by their root mean square, and not from their mean: the
    readout has no constant, so the origin has a meaning.
    """

    element = Rigid
    options = RigiditySpec

    def _fit(
        self, features: NDArray[np.float64], floor: float, z: int
    ) -> tuple[Rigid, NDArray[np.float64]]:
        scale = np.maximum(np.sqrt(np.square(features).mean(axis=0)), floor)
        x = features / scale
        values, axes = np.linalg.eigh(x.T @ x / len(x))
        values = np.maximum(values, 0.0) + self.spec.regularisation
        fitted = Rigid(axes / np.sqrt(values) / scale[:, None], np.array([-np.inf]))
        return fitted, fitted.log_likelihood(features)
