"""P(V) of one or several systems (paper, Figure 8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nearsight.figures.style import GREY, head, look, new_figure, tidy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Response:
    """One system in the figure.

    Attributes
    ----------
    volumes, pressures
        (n_points,) in Å³ and GPa.
    volume_errors, pressure_errors
        (n_points,) standard errors; 0 of what was set.
    stable, sound
        (n_points,) masks: points at constant pressure, and points that count.
    curve
        (3, n_grid) volumes, pressures and errors of pressures of the smooth curve, or None.
    maximum
        Its volume and pressure, or None.
    """

    volumes: Array
    pressures: Array
    volume_errors: Array
    pressure_errors: Array
    stable: NDArray[np.bool_]
    sound: NDArray[np.bool_]
    curve: Array | None
    maximum: tuple[float, float] | None


def pressure_volume(responses: Mapping[str, Response]) -> Figure:
    """Draw the curves of all systems, with what every walk said."""
    figure = new_figure(4.6)
    axes = tidy(figure.subplots(), grid="both")
    for k, told in enumerate(responses.values()):
        colour, marker = look(k)
        if told.curve is not None:
            v, p, error = told.curve
            axes.plot(v, p, color=colour, linewidth=1.6)
            axes.fill_between(v, p - error, p + error, color=colour, alpha=0.2, linewidth=0)
        for stable in (True, False):
            mine = told.sound & (told.stable == stable)
            axes.errorbar(
                told.volumes[mine],
                told.pressures[mine],
                told.pressure_errors[mine],
                told.volume_errors[mine],
                linestyle="",
                marker=marker,
                markersize=5,
                color=colour,
                markerfacecolor=colour if stable else "white",
                capsize=2,
                linewidth=0.9,
            )
        lost = ~told.sound & np.isfinite(told.volumes) & np.isfinite(told.pressures)
        axes.plot(told.volumes[lost], told.pressures[lost], "x", color=colour, markersize=6)
        if told.maximum is not None:
            v_max, p_max = told.maximum
            axes.plot([v_max, v_max], [0.0, p_max], ":", color=colour, linewidth=1.2)
            axes.plot(v_max, p_max, "*", color=colour, ms=13, mec="white", zorder=4)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_xlabel("volume of the cell (Å³)")
    axes.set_ylabel("pressure (GPa)")
    systems = [
        Line2D([], [], color=colour, marker=marker, label=name)
        for name, (colour, marker) in zip(responses, map(look, count()), strict=False)
    ]
    head(figure, systems)
    figure.legend(handles=_kinds(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _kinds() -> list[Line2D]:
    looks: dict[str, dict[str, Any]] = {
        "pressure was set": {"marker": "o", "markerfacecolor": GREY},
        "volume was set": {"marker": "o", "markerfacecolor": "white"},
        "left out": {"marker": "x"},
        "P_max": {"marker": "*", "markersize": 11},
    }
    return [
        Line2D([], [], color=GREY, linestyle="", label=label, **look)
        for label, look in looks.items()
    ]
