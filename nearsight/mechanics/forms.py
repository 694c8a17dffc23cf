"""Shapes of E(V) and P(V), reduced: x = V / V0, energies over K V0, pressures over K."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from nearsight.mechanics.points import Array

Form = Literal["birch-murnaghan", "vinet", "rose-vinet", "polynomial"]


class Shape(NamedTuple):
    """E(x, K') and P(x, K') = -dE/dx; E(1) = P(1) = 0, dP/dx = -1 at x = 1."""

    energy: Callable[[Array, float], Array]
    pressure: Callable[[Array, float], Array]


def _birch_murnaghan_energy(x: Array, derivative: float) -> Array:
    u = x ** (-2.0 / 3.0)
    return 9.0 / 16.0 * (u - 1.0) ** 2 * (2.0 + (derivative - 4.0) * (u - 1.0))


def _birch_murnaghan_pressure(x: Array, derivative: float) -> Array:
    u = x ** (-2.0 / 3.0)
    return 1.5 * u**2.5 * (u - 1.0) * (1.0 + 0.75 * (derivative - 4.0) * (u - 1.0))


def _vinet_energy(x: Array, derivative: float) -> Array:
    y = np.cbrt(x) - 1.0
    t = 1.5 * (derivative - 1.0) * y
    small = np.abs(t) < 1e-3
    safe = np.where(small, 1.0, t)
    series = 1.0 / 2.0 - t / 3.0 + t**2 / 8.0 - t**3 / 30.0
    closed = (1.0 - (1.0 + safe) * np.exp(-safe)) / safe**2
    return np.asarray(9.0 * y**2 * np.where(small, series, closed))


def _vinet_pressure(x: Array, derivative: float) -> Array:
    y = np.cbrt(x)
    return np.asarray(3.0 * (1.0 - y) / y**2 * np.exp(1.5 * (derivative - 1.0) * (1.0 - y)))


def _polynomial_energy(x: Array, derivative: float) -> Array:
    return (x - 1.0) ** 2 / 2.0 - (1.0 + derivative) * (x - 1.0) ** 3 / 6.0


def _polynomial_pressure(x: Array, derivative: float) -> Array:
    return (1.0 - x) + (1.0 + derivative) * (x - 1.0) ** 2 / 2.0


_VINET = Shape(_vinet_energy, _vinet_pressure)

SHAPES: dict[Form, Shape] = {
    "birch-murnaghan": Shape(_birch_murnaghan_energy, _birch_murnaghan_pressure),
    "vinet": _VINET,
    "rose-vinet": _VINET,
    "polynomial": Shape(_polynomial_energy, _polynomial_pressure),
}
