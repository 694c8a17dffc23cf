"""Equations of state: energy against volume (paper, Section 3, Mechanical Characterization)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import units
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from nearsight.mechanics.forms import SHAPES, Form
from nearsight.mechanics.points import Array, UnphysicalFit, points

LARGEST_RESIDUAL = 0.2
"""Largest residual that counts as a fit, relative to the standard deviation of the energies."""


@dataclass(frozen=True)
class EquationOfState:
    """A solid at rest: E(V) = E0 + K V0 h(V/V0, K').

    Attributes
    ----------
    form
        Which h.
    volume
        V0 in Å³.
    energy
        E0 in eV.
    bulk_modulus
        K in GPa at V0.
    bulk_modulus_derivative
        K' = dK/dP at V0.
    volume_error, energy_error, bulk_modulus_error, bulk_modulus_derivative_error
        Standard errors of the least-squares fit.
    rms_residual
        Root of the mean squared residual, eV.
    """

    form: Form
    volume: float
    energy: float
    bulk_modulus: float
    bulk_modulus_derivative: float
    volume_error: float
    energy_error: float
    bulk_modulus_error: float
    bulk_modulus_derivative_error: float
    rms_residual: float

    def energies(self, volumes: ArrayLike) -> Array:
        """Return E (any shape) in eV at `volumes` in Å³."""
        depth = self.bulk_modulus * units.GPa * self.volume
        return np.asarray(self.energy + depth * SHAPES[self.form].energy(*self._reduced(volumes)))

    def pressures(self, volumes: ArrayLike) -> Array:
        """Return P = -dE/dV (any shape) in GPa at `volumes` in Å³."""
        return np.asarray(self.bulk_modulus * SHAPES[self.form].pressure(*self._reduced(volumes)))

    def _reduced(self, volumes: ArrayLike) -> tuple[Array, float]:
        return np.asarray(volumes, dtype=np.float64) / self.volume, self.bulk_modulus_derivative


def fit_eos(
    volumes: ArrayLike, energies: ArrayLike, form: Form = "birch-murnaghan"
) -> EquationOfState:
    """Fit an equation of state by least squares, started from a linear fit.

    ``birch-murnaghan`` is of third order (Birch, Phys. Rev. 71, 809, 1947). ``vinet`` is the
    universal equation of Vinet, Ferrante, Rose and Smith (J. Geophys. Res. 92, 9319, 1987);
    ``rose-vinet`` is another name of the same curve. ``polynomial`` is a cubic in V. The start
    is the cubic in V^(-2/3), a linear problem.

    Parameters
    ----------
    volumes
        (n_points,) in Å³, in any order; at least five different ones.
    energies
        (n_points,) in eV.
    form
        Which equation.

    Raises
    ------
    UnphysicalFit
        If the points are too few, not finite or do not match; if there is no minimum between the
        smallest and the largest volume; or if the points do not follow the curve.
    ValueError
        If `form` is not known.
    """
    if form not in SHAPES:
        raise ValueError(f"form: {form!r} is none of {', '.join(SHAPES)}")
    v, e = points(volumes, energies, "energies")
    if np.ptp(e) == 0:
        raise UnphysicalFit("the energies are all the same")
    middle, lowest, scale = float(v.mean()), float(e.min()), float(np.ptp(e))
    x, y = v / middle, (e - lowest) / scale
    shape = SHAPES[form]

    def residuals(parameters: Array) -> Array:
        e0, x0, depth, derivative = parameters
        return np.asarray(e0 + depth * shape.energy(x / x0, derivative) - y)

    start = _linear_start(x, y)
    if start is None:
        raise _no_minimum(v, e)
    fit = least_squares(residuals, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    e0, x0, depth, derivative = fit.x.tolist()
    variance = float(fit.fun @ fit.fun) / (len(x) - len(fit.x))
    if not (x.min() < x0 < x.max() and depth > 0):
        raise _no_minimum(v, e)
    if variance > LARGEST_RESIDUAL**2 * y.var(ddof=1):
        raise UnphysicalFit(
            f"the energies do not follow a {form} curve: they miss it by "
            f"{np.sqrt(variance) * scale:.2g} eV where they vary by {y.std() * scale:.2g} eV"
        )
    covariance = np.linalg.inv(fit.jac.T @ fit.jac) * variance
    modulus = depth * scale / (x0 * middle * units.GPa)
    to_modulus = modulus * np.array([0.0, -1.0 / x0, 1.0 / depth, 0.0])
    errors = np.sqrt(np.diag(covariance)).tolist()
    return EquationOfState(
        form=form,
        volume=x0 * middle,
        energy=lowest + scale * e0,
        bulk_modulus=modulus,
        bulk_modulus_derivative=derivative,
        volume_error=errors[1] * middle,
        energy_error=errors[0] * scale,
        bulk_modulus_error=float(np.sqrt(to_modulus @ covariance @ to_modulus)),
        bulk_modulus_derivative_error=errors[3],
        rms_residual=float(np.sqrt(np.mean(fit.fun**2))) * scale,
    )


def _linear_start(x: Array, y: Array) -> Array | None:
    """E0, x0, K x0 and K' at the minimum of the cubic in u = x^(-2/3), if one is inside."""
    cubic = np.polynomial.Polynomial.fit(x ** (-2.0 / 3.0), y, 3).convert()
    slope, curvature, third = cubic.deriv(1), cubic.deriv(2), cubic.deriv(3)
    roots = slope.roots()
    u = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
    u = u[(x.min() < u**-1.5) & (u**-1.5 < x.max()) & (curvature(u) > 0)]
    if len(u) == 0:
        return None
    u0 = u[0]
    x0 = u0**-1.5
    du, ddu = -2.0 / 3.0 * u0 / x0, 10.0 / 9.0 * u0 / x0**2
    second = curvature(u0) * du**2
    derivative = -1.0 - x0 * (third(u0) * du**3 + 3.0 * curvature(u0) * du * ddu) / second
    return np.array([cubic(u0), x0, second * x0**2, derivative])


def _no_minimum(v: Array, e: Array) -> UnphysicalFit:
    where = f"between {v.min():.1f} and {v.max():.1f} Å³"
    if v.min() < v[np.argmax(e)] < v.max():
        return UnphysicalFit(
            f"the energies have a maximum, not a minimum, {where}: the bulk modulus is negative"
        )
    side = {v.min(): "smaller", v.max(): "larger"}.get(v[np.argmin(e)])
    cure = f"; add {side} volumes" if side else " that an equation of state could have"
    return UnphysicalFit(f"the energies have no minimum {where}{cure}")
