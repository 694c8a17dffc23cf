"""One system under pressure: what its walks said, the curve through them, all points as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from flows.driven import Rest
from nearsight.mechanics import PressureCurve, UnphysicalFit, pressure_curve
from nearsight.mechanics.deformation import Deformation, bodies_of, deformation
from nearsight.mechanics.state_points import StatePoint, around_maximum, joined
from storage import Lake
from tasks.explore import read_structure
from tasks.respond import read_response


@dataclass
class Pressed:
    """One system on its way: what was walked, and what came of it.

    Attributes
    ----------
    relaxed
        Keys of structures relaxed at volumes in Å³.
    changed
        Why the bonds of such a structure are not the system's, by volume in Å³; such a walk
        keeps to bonds that the system has not, and does not count.
    responses
        Keys of the walks.
    points, means
        What each walk says of the curve, and its averaged structure, volumes ascending.
    curve, why_no_curve
        Through all points that count, or why there is none.
    deformations
        Of the averaged structures of the points that count.
    """

    rest: Rest
    relaxed: dict[float, str] = field(default_factory=dict)
    changed: dict[float, str] = field(default_factory=dict)
    responses: list[str] = field(default_factory=list)
    points: list[StatePoint] = field(default_factory=list)
    means: list[Atoms] = field(default_factory=list)
    curve: PressureCurve | None = None
    why_no_curve: str = ""
    deformations: list[Deformation] = field(default_factory=list)

    def read(self, lake: Lake) -> None:
        """Take in what the walks said, and draw the curve through it."""
        pairs = sorted(
            (self._judged(*read_response(lake, key)) for key in self.responses),
            key=lambda pair: (np.isnan(pair[0].volume), pair[0].volume),
        )
        self.points, self.means = [p for p, _ in pairs], [a for _, a in pairs]
        try:
            self.curve, self.why_no_curve = pressure_curve(*joined(self.points)), ""
        except UnphysicalFit as error:
            self.curve, self.why_no_curve = None, str(error)

    def _judged(self, point: StatePoint, mean: Atoms) -> tuple[StatePoint, Atoms]:
        if point.branch == "unstable" and (why := self.changed.get(point.volume)):
            point = replace(point, message=f"it starts with other bonds than the system has: {why}")
        return point, mean

    def nearest(self, volume: float) -> str:
        """The structure relaxed at the volume that is nearest to this one."""
        known = {self.rest.volume: self.rest.structure} | self.relaxed
        return known[min(known, key=lambda v: abs(v - volume))]

    def finer(self) -> list[float]:
        """Volumes in Å³ that would tell more of the largest pressure."""
        if self.curve is None or self.curve.v_max is None:
            return []
        return around_maximum(self.points, self.curve.v_max)


def hold_against_rest(lake: Lake, pressed: Pressed) -> None:
    """Hold every averaged structure against that of the point nearest to no pressure."""
    sound = [i for i, point in enumerate(pressed.points) if point.sound]
    if not sound:
        return
    rest = pressed.means[min(sound, key=lambda i: abs(pressed.points[i].pressure))]
    bodies = bodies_of(read_structure(lake, pressed.rest.start))
    pressed.deformations = [deformation(rest, pressed.means[i], bodies) for i in sound]


def write_points(file: Path, systems: Sequence[Pressed]) -> None:
    """Write all points, sound or not, as CSV."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for pressed in systems for row in _rows(pressed)]
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(COLUMNS))
        writer.writeheader()
        writer.writerows(rows)


COLUMNS = (
    "system",
    "branch",
    "volume (Å³)",
    "error of volume (Å³)",
    "pressure (GPa)",
    "error of pressure (GPa)",
    "counts",
    "why not",
    "before equilibrium",
    "independent samples",
    "a (Å)",
    "b (Å)",
    "c (Å)",
    "alpha (°)",
    "beta (°)",
    "gamma (°)",
    "anisotropy",
    "shear (°)",
    "mean rotation of bricks (°)",
    "mean bend of linkers (°)",
    "space group",
    "symmetry operations",
)


def _rows(pressed: Pressed) -> list[dict[str, Any]]:
    shapes = iter(pressed.deformations)
    rows = []
    for p in pressed.points:
        numbers = (p.volume, p.volume_error, p.pressure, p.pressure_error)
        told: list[Any] = [
            pressed.rest.name,
            p.branch,
            *(number if np.isfinite(number) else None for number in numbers),
            p.sound,
            p.message,
            p.start,
            p.effective,
        ]
        if p.sound:
            d = next(shapes)
            told += [
                *d.lengths.tolist(),
                *d.angles.tolist(),
                d.anisotropy,
                d.shear,
                _mean(d.rotations),
                _mean(d.bends),
            ]
            told += [d.space_group, d.operations]
        rows.append(dict(zip(COLUMNS, told, strict=False)))
    return rows


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def numbers_of(pressed: Pressed) -> dict[str, Any]:
    """All that was found, as JSON can say it."""
    curve = pressed.curve
    return {
        "system": pressed.rest.name,
        "why_not": pressed.rest.why_not or pressed.why_no_curve,
        "points": _rows(pressed),
        "curve": None
        if curve is None
        else {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(curve).items()
        },
    }
