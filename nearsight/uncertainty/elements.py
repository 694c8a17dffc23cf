"""A density for each element: what all kinds of density share (paper, Section 2.3)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from nearsight.uncertainty.base import MOST_SURPRISED, ThresholdSpec

RESOLUTION = 1e-3
"""Smallest spread of a feature within an element, relative to the spread over all atoms."""


class ElementDensity(Protocol):
    """The density of one element: a dataclass of arrays.

    `threshold` (1,) is the log-likelihood below which an atom is unknown; `log_likelihood` takes
    features (n_atoms, n_features) to (n_atoms,).
    """

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def threshold(self) -> NDArray[np.float64]: ...

    @property
    def n_features(self) -> int: ...

    def log_likelihood(self, features: NDArray[np.float64]) -> NDArray[np.float64]: ...


S = TypeVar("S", bound=ThresholdSpec)
E = TypeVar("E", bound=ElementDensity)


class PerElement(ABC, Generic[S, E]):
    """Density of training environments, one of the same kind for each element.

    An atom is unknown where its log-likelihood falls below the element's threshold: a low quantile
    of its training atoms' own log-likelihoods, less a margin. Log-likelihoods of different elements
    do not compare; `surprise` does.
    """

    element: ClassVar[type[Any]]
    options: ClassVar[type[Any]]

    def __init__(self, spec: S | None = None) -> None:
        self.spec: S = spec or self.options()
        self._elements: dict[int, E] = {}

    @abstractmethod
    def _fit(
        self, features: NDArray[np.float64], floor: float, z: int
    ) -> tuple[E, NDArray[np.float64]]:
        """Fit to the features of element `z`, none narrower than `floor`.

        Returns the density, its threshold still open, and what its training atoms' own
        log-likelihoods are, each as if it were met anew.
        """

    @property
    def thresholds(self) -> dict[int, float]:
        """Log-likelihood below which an atom is unknown, by atomic number."""
        return {z: float(element.threshold[0]) for z, element in self._elements.items()}

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
        self._elements = {}
        for z in np.unique(numbers).tolist():
            element, own = self._fit(features[numbers == z], floor, z)
            threshold = np.quantile(own, self.spec.quantile) - self.spec.margin
            self._elements[z] = replace(element, threshold=np.array([threshold]))
        return self

    def log_likelihood(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,) log-likelihoods; -inf for elements that `fit` never saw."""
        features, numbers = self._ready(features, numbers)
        out = np.full(len(numbers), -np.inf)
        for z, element in self._elements.items():
            mask = numbers == z
            if mask.any():
                out[mask] = element.log_likelihood(features[mask])
        return out

    def surprise(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,): threshold less log-likelihood, positive where unknown."""
        return self.surprise_at(self.log_likelihood(features, numbers), numbers)

    def surprise_at(
        self, likelihood: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,): threshold less log-likelihood (n_atoms,), positive where unknown.

        Comparable across elements, and finite: elements that `fit` never saw have
        `MOST_SURPRISED`, and no atom more.
        """
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
            f"{z}.{field.name}": np.asarray(getattr(element, field.name))
            for z, element in self._elements.items()
            for field in fields(element)
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]], spec: S | None = None) -> Self:
        """Return the density that `to_arrays` took apart; it scores to the same last bit."""
        density = cls(spec)
        parts = [field.name for field in fields(cls.element)]
        for z in sorted({int(name.split(".")[0]) for name in arrays}):
            missing = [part for part in parts if f"{z}.{part}" not in arrays]
            if missing:
                raise ValueError(f"no density in these arrays: element {z} lacks {missing}")
            density._elements[z] = cls.element(
                **{part: np.ascontiguousarray(arrays[f"{z}.{part}"], float) for part in parts}
            )
        return density

    def _ready(
        self, features: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        if not self._elements:
            raise ValueError("this density has not been fitted; call fit first")
        features, numbers = _checked(features, numbers)
        known = next(iter(self._elements.values())).n_features
        if features.shape[1] != known:
            raise ValueError(f"fitted on {known} features, asked about {features.shape[1]}")
        return features, numbers


def drawn(
    features: NDArray[np.float64], most: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Rows of `features`, drawn at random if there are more than `most`, in their order."""
    if len(features) <= most:
        return features
    return features[np.sort(rng.choice(len(features), most, replace=False))]


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
