"""The colour of an uncertainty: one scale for the flat and the turning picture."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import AsinhNorm, Normalize
from numpy.typing import NDArray

COLOUR_MAP = "viridis"


def reach(values: NDArray[np.float64]) -> float:
    """Typical size of `values` (n,): the value below which 95 % of their finite magnitudes lie.

    Beyond it, axes and colours go on logarithmically. At least 1e-12, so that it can be divided by.
    """
    finite = np.abs(values[np.isfinite(values)])
    return max(float(np.percentile(finite, 95)), 1e-12) if len(finite) else 1.0


def is_wide(values: NDArray[np.float64]) -> bool:
    """Whether some finite values (n,) are over 10 times larger than nearly all the others."""
    finite = np.abs(values[np.isfinite(values)])
    return bool(len(finite)) and float(finite.max()) > 10 * reach(values)


def ticks(values: NDArray[np.float64]) -> list[float]:
    """Return where to mark an axis that turns logarithmic beyond the `reach` of values (n,)."""
    finite = values[np.isfinite(values)]
    low, high = float(finite.min()), float(finite.max())
    first = int(np.floor(np.log10(reach(values)) + 0.5))
    last = int(np.floor(np.log10(max(abs(low), abs(high)))))
    decades = [10.0**k for k in range(first, max(first, last) + 1)]
    return [t for t in [-d for d in reversed(decades)] + [0.0, *decades] if low <= t <= high]


def uncertainty_scale(uncertainty: NDArray[np.float64]) -> ScalarMappable:
    """Return the map from uncertainties (n,) to colours.

    Infinite values (elements that the model never met) get the colour of the largest finite one.
    Where a few values are far larger than all others the scale is logarithmic beyond those others.
    """
    finite = uncertainty[np.isfinite(uncertainty)]
    if not len(finite):
        finite = np.array([0.0, 1.0])
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        high = low + 1.0
    norm: Normalize
    if is_wide(uncertainty):
        norm = AsinhNorm(linear_width=reach(uncertainty), vmin=low, vmax=high)
    else:
        norm = Normalize(low, high)
    return ScalarMappable(norm=norm, cmap=colormaps[COLOUR_MAP])


def uncertainty_colours(
    uncertainty: NDArray[np.float64], scale: ScalarMappable
) -> NDArray[np.float64]:
    """Return RGBA colours (n, 4), 0 to 1, of uncertainties (n,); infinite ones at the ends."""
    low, high = scale.get_clim()
    colours: NDArray[np.float64] = scale.to_rgba(np.clip(uncertainty, low, high))
    return colours
