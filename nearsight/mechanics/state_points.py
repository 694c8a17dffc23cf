"""Points of a P(V) curve from walks: on the stable branch, on the unstable one, and together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from nearsight.mechanics.points import Array
from nearsight.mechanics.statistics import FEWEST_SAMPLES, average

Branch = Literal["stable", "unstable"]

FEWEST_INDEPENDENT = 5
"""Of fewer independent samples nobody knows the error."""


@dataclass(frozen=True)
class StatePoint:
    """What one walk says of the curve.

    Attributes
    ----------
    branch
        "stable": at constant pressure, the volume was averaged. "unstable": at constant volume,
        the pressure was.
    volume, volume_error
        Å³; the error is 0 where the volume was set.
    pressure, pressure_error
        GPa; the error is 0 where the pressure was set.
    message
        Why it does not count: the walk was stopped, drifts or is too short. Empty if it counts.
    start
        Part of the walk, 0 to 1, that came before equilibrium.
    effective
        Number of independent samples after that.
    """

    branch: Branch
    volume: float
    volume_error: float
    pressure: float
    pressure_error: float
    message: str = ""
    start: float = 0.0
    effective: float = 0.0

    @property
    def sound(self) -> bool:
        """Whether it counts."""
        return not self.message


def state_point(branch: Branch, fixed: float, series: ArrayLike, stop: str) -> StatePoint:
    """Average what a walk was free to choose.

    Parameters
    ----------
    fixed
        The pressure in GPa of the stable branch, the volume in Å³ of the unstable one.
    series
        (n_samples,) evenly spaced: volumes in Å³, or pressures in GPa.
    stop
        Why a guard ended the walk, such as a bond that broke; empty if none did.
    """
    x = np.asarray(series, dtype=np.float64)
    mean, error, start, effective = float(x.mean()) if len(x) else np.nan, np.nan, 0.0, 0.0
    message = stop
    if len(x) >= FEWEST_SAMPLES:
        found = average(x)
        mean, error, effective = found.mean, found.error, found.effective
        start = found.start / len(x)
        if not message and effective < FEWEST_INDEPENDENT:
            message = (
                f"it is too short or still drifts: {effective:.1f} independent samples, and "
                f"{FEWEST_INDEPENDENT} are the least"
            )
    elif not message:
        message = f"it is too short: {len(x)} samples, and {FEWEST_SAMPLES} are the least"
    if branch == "stable":
        return StatePoint(branch, mean, error, fixed, 0.0, message, start, effective)
    return StatePoint(branch, fixed, 0.0, mean, error, message, start, effective)


def joined(points: Sequence[StatePoint]) -> tuple[Array, Array, Array]:
    """Return volumes (n,) in Å³, pressures (n,) and their errors (n,) in GPa, volumes ascending.

    Only points that count. An error dV of a volume counts as dP/dV dV, with the slope of a smooth
    curve through all points: neighbours may lie closer than their errors.
    """
    sound = sorted((p for p in points if p.sound), key=lambda p: p.volume)
    v, v_error, p, p_error = _columns(sound)
    return v, p, np.hypot(p_error, _slope(v, p) * v_error)


@dataclass(frozen=True)
class Agreement:
    """How far the two branches are apart where both are sound.

    Attributes
    ----------
    volumes
        (n,) of the stable points that lie between unstable ones, Å³.
    differences
        (n,) pressure set on the stable branch, minus that of the unstable one there, GPa.
    errors
        (n,) their standard errors, GPa.
    """

    volumes: Array
    differences: Array
    errors: Array

    @property
    def rms(self) -> float:
        """Root mean square difference, GPa."""
        return float(np.sqrt(np.mean(self.differences**2)))

    @property
    def chi(self) -> float:
        """The same in standard errors: about 1 where the branches agree."""
        return float(np.sqrt(np.mean((self.differences / self.errors) ** 2)))


def agreement(points: Sequence[StatePoint]) -> Agreement | None:
    """Compare stable points with a curve through two unstable ones on either side of them.

    The curve bends as they do, a cubic or, at an end of the grid, a parabola: a straight line
    would lie below a pressure that softens by more than the errors.

    None where no sound stable point lies between two sound unstable ones.
    """
    sides = {
        branch: {p.volume: p for p in points if p.sound and p.branch == branch}
        for branch in ("stable", "unstable")
    }
    v, _, p, p_error = _columns([point for _, point in sorted(sides["unstable"].items())])
    told = []
    for _, point in sorted(sides["stable"].items()):
        right = int(np.searchsorted(v, point.volume))
        if 0 < right < len(v):
            near = slice(max(right - 2, 0), right + 2)
            width = v[right] - v[right - 1]
            powers = np.vander((v[near] - point.volume) / width, increasing=True)
            here, *slopes = np.linalg.inv(powers)  # rows are weights of the unstable pressures
            slope = slopes[0] @ p[near] / width
            there = here @ p[near]
            error = np.hypot(np.linalg.norm(here * p_error[near]), slope * point.volume_error)
            told.append((point.volume, point.pressure - there, error))
    return Agreement(*np.array(told).T) if told else None


def around_maximum(points: Sequence[StatePoint], v_max: float) -> list[float]:
    """Volumes in Å³ half-way between the unstable points next to `v_max`, and to those beyond.

    A grid refines itself with them: up to three, in the intervals that hold `v_max` and next to it.
    """
    v = np.unique([p.volume for p in points if p.branch == "unstable"])
    if len(v) < 2:
        return []
    holds = int(np.clip(np.searchsorted(v, v_max) - 1, 0, len(v) - 2))
    near = range(max(holds - 1, 0), min(holds + 2, len(v) - 1))
    return [float((v[i] + v[i + 1]) / 2) for i in near]


def _columns(points: Sequence[StatePoint]) -> tuple[Array, Array, Array, Array]:
    rows = [(p.volume, p.volume_error, p.pressure, p.pressure_error) for p in points]
    v, v_error, p, p_error = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return v, v_error, p, p_error


def _slope(v: Array, p: Array) -> Array:
    """|dP/dV| at each point, of a polynomial through all of them, a cubic from nine points on."""
    if len(np.unique(v)) < 3:
        return np.zeros_like(v)
    smooth = np.polynomial.Polynomial.fit(v, p, min(len(v) // 3, 3))
    return np.asarray(np.abs(smooth.deriv()(v)))
