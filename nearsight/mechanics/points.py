"""Points of a curve over volume, checked before anything is fitted to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FEWEST_POINTS = 5


class UnphysicalFit(ValueError):
    """The points do not have what was to be read from them; the message says why."""


def points(volumes: ArrayLike, values: ArrayLike, name: str) -> tuple[Array, Array]:
    """Return `volumes` (n_points,) in Å³ and `values` (n_points,) as float arrays.

    Raises
    ------
    UnphysicalFit
        If they are not plain finite numbers, do not match, if a volume is not positive, or if
        fewer than five volumes differ. `name` tells the user what the values are.
    """
    try:
        v, y = np.asarray(volumes, dtype=np.float64), np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UnphysicalFit(f"volumes and {name} must be plain numbers: {error}") from error
    if v.ndim != 1 or v.shape != y.shape:
        raise UnphysicalFit(
            f"volumes and {name} must be two lists of one length, not of shapes {v.shape} and "
            f"{y.shape}"
        )
    if not (np.isfinite(v).all() and np.isfinite(y).all()):
        raise UnphysicalFit(f"there are volumes or {name} that are not finite")
    if len(v) and v.min() <= 0:
        raise UnphysicalFit(f"a volume must be positive, not {v.min():g} Å³")
    if (distinct := len(np.unique(v))) < FEWEST_POINTS:
        raise UnphysicalFit(
            f"{distinct} different volumes are too few to fit; {FEWEST_POINTS} is the least"
        )
    return v, y
