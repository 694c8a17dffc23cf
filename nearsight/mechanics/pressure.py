"""What a pressure-volume curve says: V0, K and P_max (paper, Section 3, Figure 8, Table 5)."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import find_peaks
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from nearsight.mechanics.points import Array, UnphysicalFit, points

_SAMPLES = 200
_GRID = 501


@dataclass(frozen=True)
class PressureCurve:
    """A smooth P(V) and its landmarks; errors are standard deviations over a bootstrap.

    Attributes
    ----------
    v0, v0_error
        Volume at P = 0, Å³.
    k0, k0_error
        Bulk modulus -V dP/dV at `v0`, GPa.
    p_max, p_max_error
        The first maximum on the way from `v0` to smaller volumes, GPa: the largest pressure
        that is borne, the loss of crystallinity. None where no maximum was seen.
    v_max
        Volume of that maximum, Å³, or None.
    volumes, pressures, pressure_errors
        (n_grid,) the smooth curve in Å³ and GPa, volumes ascending.
    """

    v0: float
    v0_error: float
    k0: float
    k0_error: float
    p_max: float | None
    p_max_error: float | None
    v_max: float | None
    volumes: Array
    pressures: Array
    pressure_errors: Array


def pressure_curve(
    volumes: ArrayLike, pressures: ArrayLike, errors: ArrayLike | None = None, seed: int = 0
) -> PressureCurve:
    """Smooth a pressure-volume curve and read V0, K and P_max from it.

    The curve is a straight line plus a Gaussian process with a Matérn 5/2 kernel, whose length,
    height and noise are those of the largest marginal likelihood: it follows clean points
    exactly, averages noisy ones, and bears a kink. The bootstrap draws curves from the process
    given the points, so that noise and gaps between points both count. A maximum counts as seen
    when points on both of its sides lie below it, and those at smaller volumes by more than two
    standard errors.

    Parameters
    ----------
    volumes
        (n_points,) in Å³, in any order; at least five different ones.
    pressures
        (n_points,) in GPa.
    errors
        (n_points,) or one number: standard errors of `pressures` in GPa. An error dV of a volume
        counts as K dV / V. Scatter beyond them is found from the points, as it is without them.
    seed
        Of the bootstrap.

    Raises
    ------
    UnphysicalFit
        If the points are too few, not finite or do not match; if the pressure does not fall
        through zero within them, or one mean spacing beyond; or if they are too noisy for a
        bulk modulus.
    """
    v, p = points(volumes, pressures, "pressures")
    if np.ptp(p) == 0:
        raise UnphysicalFit("the pressures are all the same")
    smooth = _Smooth(v, p, _errors(errors, v))
    spacing = np.ptp(v) / (len(np.unique(v)) - 1)
    grid = np.linspace(max(v.min() - spacing, 0.5 * v.min()), v.max() + spacing, _GRID)
    curve, samples = smooth(grid, seed)

    rest = _falls_through_zero(grid, curve)
    if len(rest) == 0:
        raise _no_zero(v, p)
    v0 = rest[-1]
    k0 = _modulus(grid, curve, v0)
    v0s, k0s = [], []
    for sample in samples.T:
        crossings = _falls_through_zero(grid, sample)
        if len(crossings):
            v0s.append(crossings[np.argmin(np.abs(crossings - v0))])
            k0s.append(_modulus(grid, sample, v0s[-1]))
    k0_error = float(np.std(k0s)) if len(k0s) > _SAMPLES // 2 else np.inf
    if not k0_error < k0:
        raise UnphysicalFit(
            f"the points are too few or too noisy for a bulk modulus: {k0:.3g} ± {k0_error:.2g} "
            f"GPa, from {len(v)} pressures that scatter by {smooth.noise:.2g} GPa"
        )
    peak = _first_peak(np.append(v[v < v0], v0), grid, curve, samples)
    inside = (grid >= v.min()) & (grid <= v.max())
    return PressureCurve(
        v0=v0,
        v0_error=float(np.std(v0s)),
        k0=k0,
        k0_error=k0_error,
        p_max=None if peak is None else float(curve[peak].max()),
        p_max_error=None if peak is None else float(samples[peak].max(axis=0).std()),
        v_max=None if peak is None else float(grid[peak][curve[peak].argmax()]),
        volumes=grid[inside],
        pressures=curve[inside],
        pressure_errors=samples[inside].std(axis=1),
    )


class _Smooth:
    """A straight line plus a Gaussian process, fitted to points.

    Attributes
    ----------
    noise
        Standard deviation of a point around the curve, GPa, averaged over the points.
    """

    def __init__(self, v: Array, p: Array, sigma: Array) -> None:
        self._middle, self._width = v.mean(), v.std()
        x = self._reduced(v)
        self._line = np.polynomial.Polynomial.fit(x[:, 0], p, 1).convert()
        rest = p - self._line(x[:, 0])
        self._scale = max(rest.std(), 1e-9 * np.ptp(p))
        alpha = (sigma / self._scale) ** 2 + 1e-12
        curve = ConstantKernel(1.0, (1e-2, 1e4)) * Matern(1.0, (0.1, 20.0), nu=2.5)
        self._process = GaussianProcessRegressor(
            curve + WhiteKernel(1e-2, (1e-8, 2.0)),
            alpha=alpha,
            n_restarts_optimizer=2,
            random_state=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # a parameter at its bound is fine
            self._process.fit(x, rest / self._scale)
        variance = alpha + self._process.kernel_.k2.noise_level
        self.noise = float(self._scale * np.sqrt(variance.mean()))

    def __call__(self, v: Array, seed: int) -> tuple[Array, Array]:
        """Return the mean (n,) and draws (n, n_samples), without noise, at volumes (n,)."""
        x = self._reduced(v)
        mean, covariance = self._process.predict(x, return_cov=True)
        covariance -= self._process.kernel_.k2(x)
        weights, modes = np.linalg.eigh(covariance)
        modes *= np.sqrt(np.maximum(weights, 0.0))
        normal = np.random.default_rng(seed).standard_normal((len(v), _SAMPLES))
        curve = self._line(x[:, 0]) + self._scale * mean
        return curve, curve[:, None] + self._scale * (modes @ normal)

    def _reduced(self, v: Array) -> Array:
        return np.asarray((v - self._middle) / self._width)[:, None]


def _falls_through_zero(grid: Array, curve: Array) -> Array:
    """Volumes, ascending, at which the pressure falls through zero as the volume grows."""
    i = np.flatnonzero((curve[:-1] > 0) & (curve[1:] <= 0))
    return np.asarray(grid[i] + (grid[i + 1] - grid[i]) * curve[i] / (curve[i] - curve[i + 1]))


def _modulus(grid: Array, curve: Array, v0: float) -> float:
    return float(-v0 * np.interp(v0, grid, np.gradient(curve, grid)))


def _first_peak(v: Array, grid: Array, curve: Array, samples: Array) -> slice | None:
    """Where on the grid the first maximum below v0 lies, seen at the volumes `v` up to v0."""
    index = np.searchsorted(grid, np.unique(v))
    peaks, about = find_peaks(curve[index], prominence=0)
    for peak, base in zip(peaks[::-1], about["left_bases"][::-1], strict=True):
        top, foot = index[peak], index[base]
        fall = samples[top] - samples[foot]
        if curve[top] - curve[foot] > 2.0 * fall.std():
            return slice(index[peak - 1], index[peak + 1] + 1)
    return None


def _errors(errors: ArrayLike | None, v: Array) -> Array:
    if errors is None:
        return np.zeros_like(v)
    try:
        sigma = np.broadcast_to(np.asarray(errors, dtype=np.float64), v.shape)
    except (TypeError, ValueError) as error:
        raise UnphysicalFit(
            f"errors must be one number, or one for each of {len(v)} pressures"
        ) from error
    if not (np.isfinite(sigma) & (sigma >= 0)).all():
        raise UnphysicalFit("an error of a pressure must be finite and not negative")
    return sigma


def _no_zero(v: Array, p: Array) -> UnphysicalFit:
    side = "larger" if p[np.argmax(v)] > 0 else "smaller"
    return UnphysicalFit(
        f"the pressure does not fall through zero between {v.min():.1f} and {v.max():.1f} Å³, "
        f"where it goes from {p[np.argmin(v)]:.3g} to {p[np.argmax(v)]:.3g} GPa; add {side} volumes"
    )
