"""Disagreement of a committee of models: the spread of their forces (paper, Section 2.3)."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from nearsight.uncertainty.base import MOST_SURPRISED


def disagreement(forces: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (n_atoms,) in eV/Å: the root of the forces' variance, summed over components.

    Parameters
    ----------
    forces
        (n_models, n_atoms, 3) in eV/Å, of two models or more; the variance is that of a sample,
        with n_models - 1.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    forces = np.asarray(forces, dtype=np.float64)
    if forces.ndim != 3 or forces.shape[0] < 2 or forces.shape[2] != 3:
        raise ValueError(
            f"forces {forces.shape} are not (n_models, n_atoms, 3) of two models or more"
        )
    spread: NDArray[np.float64] = np.sqrt(forces.var(axis=0, ddof=1).sum(axis=1))
    return spread


class Committee:
    """What a committee's disagreement must exceed, per element, for an atom to be unknown.

    Parameters
    ----------
    quantile
        The threshold is exceeded by this fraction of the training atoms of an element.
    margin
        Natural logarithm of a factor on top, for atoms that the members have not seen.
    """

    def __init__(self, quantile: float = 0.001, margin: float = 0.0) -> None:
        self.quantile, self.margin = quantile, margin
        self.thresholds: dict[int, float] = {}

    def fit(self, spread: NDArray[np.float64], numbers: NDArray[np.int64]) -> Self:
        """Find the thresholds in the disagreement (n_atoms,) on atoms with atomic `numbers`.

        Raises
        ------
        ValueError
            If there are no atoms.
        """
        if len(numbers) == 0:
            raise ValueError("a committee needs at least one training atom to find its thresholds")
        self.thresholds = {
            z: float(np.quantile(_log(spread)[numbers == z], 1 - self.quantile)) + self.margin
            for z in np.unique(numbers).tolist()
        }
        return self

    def surprise(
        self, spread: NDArray[np.float64], numbers: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return (n_atoms,): ln of disagreement over threshold, positive where unknown.

        Elements that `fit` never saw have `MOST_SURPRISED`.
        """
        out = np.full(len(numbers), MOST_SURPRISED)
        for z, threshold in self.thresholds.items():
            mask = numbers == z
            out[mask] = _log(spread)[mask] - threshold
        return out


def _log(spread: NDArray[np.float64]) -> NDArray[np.float64]:
    logarithm: NDArray[np.float64] = np.log(np.maximum(spread, np.finfo(float).tiny))
    return logarithm
