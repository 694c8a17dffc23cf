"""Error metrics of the paper (Section 3, Error Metrics).

Force errors are taken per Cartesian component, (n_atoms, 3) flattened, in eV/Å or meV/Å; pass
norms over the last axis instead where errors per atom are meant, and say so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class EnergyShift(NamedTuple):
    """Mean and standard deviation of per-atom energy errors (paper, eq 5), in their unit."""

    avg: float
    std: float


def mae_pk(errors: ArrayLike, k: float) -> float:
    """Return MAE_pk: the mean of the absolute errors at or above their k-th percentile.

    k = 0 is the mean absolute error, k = 100 the largest one; the paper reports k = 95. The
    percentile is interpolated linearly between the sorted absolute errors.

    Parameters
    ----------
    errors
        Any shape, at least one number; force errors per component (see the module).
    k
        Percent, 0 to 100.

    Raises
    ------
    ValueError
        If `k` is outside 0 to 100, or `errors` are none or not finite.
    """
    if not 0.0 <= k <= 100.0:
        raise ValueError(f"k is a percentile from 0 to 100, not {k}")
    sizes = np.abs(_finite(errors))
    threshold = min(float(np.percentile(sizes, k)), float(sizes.max()))
    return float(sizes[sizes >= threshold].mean())


def rmse(errors: ArrayLike) -> float:
    """Return the root of the mean squared error over `errors` of any shape."""
    return float(np.sqrt(np.mean(np.square(_finite(errors)))))


def energy_shift(delta_e: ArrayLike) -> EnergyShift:
    """Return ΔE_avg and ΔE_std (paper, eq 5) of per-atom energy errors (n_structures,).

    The first is the constant offset between two energy surfaces, irrelevant to relaxations
    and dynamics of one system; the second is the error that is left without it.
    """
    errors = _finite(delta_e)
    return EnergyShift(float(errors.mean()), float(errors.std()))


class ForceErrors(NamedTuple):
    """Force RMSE and MAE_p95 of some atoms, in the unit of the errors, and how many atoms."""

    rmse: float
    mae_p95: float
    atoms: int


def by_element(errors: ArrayLike, numbers: ArrayLike) -> dict[int, ForceErrors]:
    """Return the force errors of each element, by atomic number.

    Parameters
    ----------
    errors
        (n_atoms, 3) per component.
    numbers
        (n_atoms,) atomic numbers.

    Raises
    ------
    ValueError
        If they are not of the same atoms, or an error is not finite.
    """
    components, z = np.asarray(errors, dtype=np.float64), np.asarray(numbers)
    if components.shape != (len(z), 3):
        raise ValueError(f"errors of shape {components.shape} are not those of {len(z)} atoms")
    return {
        int(n): ForceErrors(
            rmse(components[z == n]), mae_pk(components[z == n], 95), int((z == n).sum())
        )
        for n in np.unique(z)
    }


def mae_pk_of_atoms(errors: ArrayLike, k: float) -> NDArray[np.float64]:
    """Return MAE_pk of every atom by itself, over frames and components (paper, Figure 6C).

    Parameters
    ----------
    errors
        (n_frames, n_atoms, 3), the same atoms in every frame.
    k
        Percent, 0 to 100.

    Returns
    -------
    (n_atoms,) in the unit of the errors.
    """
    return np.array([mae_pk(atom, k) for atom in np.moveaxis(np.asarray(errors), 1, 0)])


def _finite(errors: ArrayLike) -> NDArray[np.float64]:
    flat = np.asarray(errors, dtype=np.float64).ravel()
    if flat.size == 0:
        raise ValueError("there are no errors to average")
    if not np.isfinite(flat).all():
        raise ValueError(f"{int((~np.isfinite(flat)).sum())} of {flat.size} errors are not finite")
    return flat
