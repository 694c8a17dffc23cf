"""What pressing came to: Table 5, Figure 8, how each system gives way, and all points as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from flows.studies.base import Drawing
from nearsight.figures import giving_way, pressure_volume
from nearsight.figures.giving_way import Way
from nearsight.figures.pressure_volume import Response
from nearsight.mechanics import PressureCurve, UnphysicalFit, pressure_curve
from nearsight.mechanics.deformation import Deformation, blocks_of, deformation
from nearsight.mechanics.state_points import StatePoint, agreement, around_maximum, joined
from storage import Lake
from tasks.explore import read_structure
from tasks.respond import read_response


@dataclass
class Pressed:
    """One system on its way: what was walked, and what came of it."""

    name: str
    start: str
    rest: str | None = None
    why_no_rest: str = ""
    relaxed: dict[float, str] = field(default_factory=dict)
    responses: list[str] = field(default_factory=list)
    points: list[StatePoint] = field(default_factory=list)
    means: list[Atoms] = field(default_factory=list)
    curve: PressureCurve | None = None
    why_no_curve: str = ""
    deformations: list[Deformation] = field(default_factory=list)

    def read(self, lake: Lake) -> None:
        """Take in what the walks said, and draw the curve through it."""
        pairs = sorted(
            (read_response(lake, key) for key in self.responses), key=lambda pair: pair[0].volume
        )
        self.points, self.means = [p for p, _ in pairs], [a for _, a in pairs]
        try:
            self.curve, self.why_no_curve = pressure_curve(*joined(self.points)), ""
        except UnphysicalFit as error:
            self.curve, self.why_no_curve = None, str(error)

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
    blocks = blocks_of(read_structure(lake, pressed.start))
    pressed.deformations = [deformation(rest, pressed.means[i], blocks) for i in sound]


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
            pressed.name,
            p.branch,
            *numbers,
            p.sound,
            p.message,
            p.start,
            p.effective,
        ]
        if p.sound:
            d = next(shapes)
            told += [d.anisotropy, d.shear, _mean(d.rotations), _mean(d.bends)]
            told += [d.space_group, d.operations]
        rows.append(dict(zip(COLUMNS, told, strict=False)))
    return rows


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None


def table_row(pressed: Pressed) -> dict[str, str]:
    curve = pressed.curve
    row = {"system": pressed.name, "V₀ (Å³)": "", "K (GPa)": "", "P_max (GPa)": ""}
    if curve is not None:
        row["V₀ (Å³)"] = _with_error(curve.v0, curve.v0_error)
        row["K (GPa)"] = _with_error(curve.k0, curve.k0_error)
        if curve.p_max is not None and curve.p_max_error is not None:
            row["P_max (GPa)"] = _with_error(curve.p_max, curve.p_max_error)
    counting = sum(point.sound for point in pressed.points)
    return row | {"walks that count": f"{counting} of {len(pressed.points)}"}


def _with_error(value: float, error: float) -> str:
    """The value to the digits that its error leaves: two of the error's."""
    digits = 1 - int(np.floor(np.log10(error))) if error > 0 and np.isfinite(error) else 3
    return f"{value:.{max(digits, 0)}f} ± {error:.{max(digits, 0)}f}"


def said(pressed: Pressed) -> list[str]:
    if pressed.why_no_rest:
        return [f"{pressed.name} was not pressed: {pressed.why_no_rest}."]
    told = []
    curve = pressed.curve
    if curve is None:
        told.append(f"{pressed.name} has no curve: {pressed.why_no_curve}.")
    elif curve.p_max is None:
        told.append(
            f"{pressed.name}: no maximum of the pressure was seen between "
            f"{curve.volumes[0]:.0f} and {curve.volumes[-1]:.0f} Å³; add smaller volumes."
        )
    both = agreement(pressed.points)
    if both is not None:
        told.append(
            f"{pressed.name}: at {len(both.volumes)} pressures where walks at constant pressure "
            f"and at constant volume both count, they differ by {both.rms:.2g} GPa (root mean "
            f"square), {both.chi:.1f} standard errors."
        )
    lost = [point for point in pressed.points if not point.sound]
    for point in lost:
        where = f"{point.pressure:g} GPa" if point.branch == "stable" else f"{point.volume:.1f} Å³"
        told.append(f"{pressed.name}: the walk at {where} is left out: {point.message}.")
    return told + _carried(pressed)


def _carried(pressed: Pressed) -> list[str]:
    """What pressure does to the framework, up to its largest pressure."""
    sound = [point for point in pressed.points if point.sound]
    if not pressed.deformations or pressed.curve is None:
        return []
    v_end = pressed.curve.v_max or sound[0].volume
    at = int(np.argmin([abs(point.volume - v_end) for point in sound]))
    there = pressed.deformations[at]
    carried = [
        f"the cell shears by {there.shear:.1f}° and its anisotropy is {there.anisotropy:.1%}"
    ]
    if len(there.bends):
        carried.insert(0, f"linkers bend by {there.bends.mean():.1f}°")
    if len(there.rotations):
        carried.insert(0, f"bricks turn by {there.rotations.mean():.1f}°")
    return [
        f"{pressed.name}, at {sound[at].volume:.0f} Å³: {', '.join(carried)}; {there.space_group}."
    ]


def drawings_of(systems: Sequence[Pressed]) -> list[Drawing]:
    shown = {pressed.name: _response(pressed) for pressed in systems if pressed.points}
    drawings = []
    if shown:
        drawings.append(
            Drawing(
                title="Pressure and volume",
                caption=(
                    "Full symbols: the pressure was set and the volume averaged; open symbols: the "
                    "volume was set and the pressure averaged. Crosses are left out. Lines are "
                    "smooth curves, with one standard error; stars mark P_max."
                ),
                alt="Pressure over volume for every system, with error bars",
                figure=pressure_volume(shown),
            )
        )
    for pressed in systems:
        if len(pressed.deformations) > 1:
            drawings.append(
                Drawing(
                    title=f"How {pressed.name} gives way",
                    caption=(
                        "Averaged structures against that nearest to no pressure: rotations of "
                        "bricks and bends of linkers (mean, and least to largest), shape of the "
                        "cell, and symmetry within 0.3 Å. The dotted line is at P_max."
                    ),
                    alt="Rotation, bend, shape of the cell and symmetry over volume",
                    figure=giving_way(_way(pressed)),
                )
            )
    return drawings


def _response(pressed: Pressed) -> Response:
    def column(name: str) -> np.ndarray:
        return np.array([getattr(point, name) for point in pressed.points])

    c = pressed.curve
    maximum = None
    if c is not None and c.v_max is not None and c.p_max is not None:
        maximum = (c.v_max, c.p_max)
    return Response(
        volumes=column("volume"),
        pressures=column("pressure"),
        volume_errors=column("volume_error"),
        pressure_errors=column("pressure_error"),
        stable=column("branch") == "stable",
        sound=column("sound"),
        curve=None if c is None else np.array([c.volumes, c.pressures, c.pressure_errors]),
        maximum=maximum,
    )


def _way(pressed: Pressed) -> Way:
    told = pressed.deformations
    return Way(
        volumes=np.array([point.volume for point in pressed.points if point.sound]),
        rotations=np.array([d.rotations for d in told]),
        bends=np.array([d.bends for d in told]),
        anisotropy=np.array([d.anisotropy for d in told]),
        shear=np.array([d.shear for d in told]),
        operations=np.array([d.operations for d in told]),
        space_groups=tuple(d.space_group for d in told),
        v_max=None if pressed.curve is None else pressed.curve.v_max,
    )


def numbers_of(pressed: Pressed) -> dict[str, Any]:
    """All that was found, as JSON can say it."""
    curve = pressed.curve
    return {
        "system": pressed.name,
        "why_not": pressed.why_no_rest or pressed.why_no_curve,
        "points": _rows(pressed),
        "curve": None
        if curve is None
        else {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(curve).items()
        },
    }
