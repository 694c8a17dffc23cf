"""What pressing came to: Table 5, Figure 8, and how each system gives way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flows.driven import DrivenSpec, driver, with_error
from flows.pressed import Pressed, numbers_of
from flows.studies.base import Drawing, Findings
from nearsight.figures import giving_way, pressure_volume
from nearsight.figures.giving_way import Way
from nearsight.figures.pressure_volume import Response
from nearsight.mechanics.deformation import LIBRATION, SYMMETRY_TOLERANCE
from nearsight.mechanics.state_points import agreement
from tasks.workplace import Workplace


def table_row(pressed: Pressed) -> dict[str, str]:
    curve = pressed.curve
    row = {"system": pressed.rest.name, "V₀ (Å³)": "", "K (GPa)": "", "P_max (GPa)": ""}
    if curve is not None:
        row["V₀ (Å³)"] = with_error(curve.v0, curve.v0_error)
        row["K (GPa)"] = with_error(curve.k0, curve.k0_error)
        if curve.p_max is not None and curve.p_max_error is not None:
            row["P_max (GPa)"] = with_error(curve.p_max, curve.p_max_error)
    counting = sum(point.sound for point in pressed.points)
    return row | {"walks that count": f"{counting} of {len(pressed.points)}"}


def said(pressed: Pressed) -> list[str]:
    """What one system's walks say."""
    name = pressed.rest.name
    if pressed.rest.why_not:
        return [f"{name} was not pressed: {pressed.rest.why_not}."]
    told = []
    curve = pressed.curve
    if curve is None:
        told.append(f"{name} has no curve: {pressed.why_no_curve}.")
    elif curve.p_max is None:
        below = any(not p.sound and p.volume < curve.volumes[0] for p in pressed.points)
        told.append(
            f"{name}: no maximum of the pressure was seen between "
            f"{curve.volumes[0]:.0f} and {curve.volumes[-1]:.0f} Å³; "
            + ("see why walks below were left out." if below else "add smaller volumes.")
        )
    both = agreement(pressed.points)
    if both is not None:
        told.append(
            f"{name}: at {len(both.volumes)} pressures where walks at constant pressure "
            f"and at constant volume both count, they differ by {both.rms:.2g} GPa (root mean "
            f"square), {both.chi:.1f} standard errors."
        )
    lost = [point for point in pressed.points if not point.sound]
    for point in lost:
        where = f"{point.pressure:g} GPa" if point.branch == "stable" else f"{point.volume:.1f} Å³"
        told.append(f"{name}: the walk at {where} is left out: {point.message}.")
    return told + _carried(pressed)


def _carried(pressed: Pressed) -> list[str]:
    """What pressure does to the framework, up to its largest pressure."""
    name = pressed.rest.name
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
    return [f"{name}, at {sound[at].volume:.0f} Å³: {', '.join(carried)}; {there.space_group}."]


def drawings_of(systems: Sequence[Pressed]) -> list[Drawing]:
    shown = {pressed.rest.name: _response(pressed) for pressed in systems if pressed.points}
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
                    title=f"How {pressed.rest.name} gives way",
                    caption=(
                        "Averaged structures against that nearest to no pressure: rotations of "
                        "bricks and bends of linkers (mean, and least to largest), lengths of the "
                        "cell and largest change of an angle, and symmetry within "
                        f"{LIBRATION:g} Å ({SYMMETRY_TOLERANCE:g} Å where there are no linkers). "
                        "The dotted line is at P_max."
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
        lengths=np.array([d.lengths for d in told]),
        shear=np.array([d.shear for d in told]),
        operations=np.array([d.operations for d in told]),
        space_groups=tuple(d.space_group for d in told),
        v_max=None if pressed.curve is None else pressed.curve.v_max,
    )


def findings(
    work: Workplace, spec: DrivenSpec, model: str | None, systems: Sequence[Pressed], how: str
) -> Findings:
    """Table 5, Figure 8, and how each system gives way."""
    structures = {key for p in systems for key in (p.rest.start, p.rest.structure)}
    relaxations = {p.rest.relaxation for p in systems}
    return Findings(
        study="mechanical-pv",
        title="Response to pressure (paper, Figure 8 and Table 5)",
        how=how,
        said=tuple(sentence for pressed in systems for sentence in said(pressed)),
        rows=tuple(table_row(pressed) for pressed in systems),
        note="± are standard errors, from the statistics of the walks. Empty: it was not found.",
        drawings=tuple(drawings_of(systems)),
        numbers={"systems": [numbers_of(pressed) for pressed in systems]},
        records={
            "structure": sorted(structures | {key for p in systems for key in p.relaxed.values()}),
            "relaxation": sorted(relaxations - set(work.lake.missing("relaxation", relaxations))),
            "response": sorted({key for p in systems for key in p.responses}),
        }
        | ({"model": [model]} if model else {}),
        **driver(spec),
    )
