"""E(V) of one or several systems (paper, Figure 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nearsight.figures.style import GREY, head, key, look, new_figure, tidy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """One system in the figure.

    Attributes
    ----------
    outward, inward
        (2, n_points) volumes in Å³ and energies in eV above the lowest, on the way out and back.
    fit
        (2, n_grid) the same of an equation of state, or None.
    """

    outward: Array
    inward: Array
    fit: Array | None


def energy_volume(curves: Mapping[str, Sequence[Curve]]) -> Figure:
    """Draw the curves of all systems, each from its own lowest energy.

    Parameters
    ----------
    curves
        One curve of a system; of an ensemble one for every configuration, drawn thin and without
        the way back.
    """
    figure = new_figure(4.4)
    axes = tidy(figure.subplots(), grid="both")
    for k, members in enumerate(curves.values()):
        if len(members) == 1:
            _system(axes, members[0], *look(k))
        for told in members if len(members) > 1 else ():
            _configuration(axes, told, *look(k))
    axes.set_xlabel("volume of the unit cell (Å³)")
    axes.set_ylabel("energy of the unit cell (eV)")
    head(figure, [key(name, *look(k)) for k, name in enumerate(curves) if curves[name]])
    ways = [
        Line2D([], [], color=GREY, marker="o", ls="", markersize=5, label="on the way out"),
        Line2D([], [], color=GREY, marker="o", ls="", markersize=8, mfc="none", label="back"),
    ]
    figure.legend(handles=ways, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def _system(axes: Axes, told: Curve, colour: str, marker: str) -> None:
    axes.plot(*told.outward, marker, color=colour, markersize=5, zorder=3)
    axes.plot(*told.inward, marker, color=colour, markersize=8, markerfacecolor="none", zorder=3)
    if told.fit is not None:
        axes.plot(*told.fit, color=colour, linewidth=1.4, zorder=3)


def _configuration(axes: Axes, told: Curve, colour: str, marker: str) -> None:
    axes.plot(*told.outward, marker, color=colour, markersize=3, markeredgewidth=0, alpha=0.7)
    if told.fit is not None:
        axes.plot(*told.fit, color=colour, linewidth=0.6, alpha=0.7)
