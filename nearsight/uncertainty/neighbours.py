"""Distance to the nearest training environments in feature space, per element."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from nearsight.uncertainty.base import ThresholdSpec
from nearsight.uncertainty.elements import RESOLUTION, PerElement, drawn

if TYPE_CHECKING:
    from scipy.spatial import KDTree


class NeighboursSpec(ThresholdSpec, title="nearest neighbours"):
    """Distance to the nearest training environments of the same element."""

    kind: Literal["neighbours"] = Field("neighbours", title="Kind")
    k: int = Field(
        default=5, ge=1, le=1000, title="Which neighbour", description="1 is the nearest"
    )
    max_samples: int = Field(
        default=4000,
        ge=2,
        title="Most atoms kept per element",
        description="drawn at random if more",
    )
    seed: int = Field(default=0, ge=0, title="Seed")


@dataclass(frozen=True)
class Crowd:
    """The training atoms of one element in standardised features.

    `points` (n, n_features) are ``(features - mean) / scale``; `k` (1,) says which neighbour.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    points: NDArray[np.float64]
    k: NDArray[np.float64]
    threshold: NDArray[np.float64]

    @property
    def n_features(self) -> int:
        return len(self.mean)

    @cached_property
    def tree(self) -> KDTree:
        """The points, made ready for searching."""
        from scipy.spatial import KDTree

        return KDTree(self.points)

    def log_likelihood(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n_atoms,) for features (n_atoms, n_features), less a constant."""
        return self._density((features - self.mean) / self.scale, int(self.k[0]))

    def own(self) -> NDArray[np.float64]:
        """Return (n,): log-likelihood of each of the points among the others."""
        return self._density(self.points, int(self.k[0]) + 1)

    def _density(self, x: NDArray[np.float64], k: int) -> NDArray[np.float64]:
        distances, _ = self.tree.query(x, [min(k, len(self.points))])
        density: NDArray[np.float64] = -x.shape[1] * np.log(np.maximum(distances[:, 0], RESOLUTION))
        return density


class Neighbours(PerElement[NeighboursSpec, Crowd]):
    """Density of training environments from the distance to the k-th nearest of them.

    With d features and the k-th neighbour at the distance r the density is ∝ 1 / r^d (D. O.
    Loftsgaarden and C. P. Quesenberry, Ann. Math. Statist. 1965, 36, 1049), so the log-likelihood
    is -d ln r, less a constant. Features of every element are standardised, with the same floor
    as those of `Mixture`, and r is no smaller than `RESOLUTION`.
    """

    element = Crowd
    options = NeighboursSpec

    def _fit(
        self, features: NDArray[np.float64], floor: float, z: int
    ) -> tuple[Crowd, NDArray[np.float64]]:
        sample = drawn(features, self.spec.max_samples, np.random.default_rng([self.spec.seed, z]))
        mean, scale = sample.mean(axis=0), np.maximum(sample.std(axis=0), floor)
        fitted = Crowd(
            mean=mean,
            scale=scale,
            points=(sample - mean) / scale,
            k=np.array([float(self.spec.k)]),
            threshold=np.array([-np.inf]),
        )
        return fitted, fitted.own()
