"""E(V) of one or several systems (paper, Figure 9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nearsight.figures.style import GREY, head, look, new_figure, tidy

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


def energy_volume(curves: Mapping[str, Curve]) -> Figure:
    """Draw the curves of all systems, each from its own lowest energy."""
    figure = new_figure(4.4)
    axes = tidy(figure.subplots(), grid="both")
    systems = []
    for k, (name, told) in enumerate(curves.items()):
        colour, marker = look(k)
        systems += axes.plot(*told.outward, marker, color=colour, markersize=5, label=name)
        axes.plot(*told.inward, marker, color=colour, markersize=8, markerfacecolor="none")
        if told.fit is not None:
            axes.plot(*told.fit, color=colour, linewidth=1.4)
    axes.set_xlabel("volume of the unit cell (Å³)")
    axes.set_ylabel("energy of the unit cell (eV)")
    head(figure, systems)
    ways = [
        Line2D([], [], color=GREY, marker="o", ls="", markersize=5, label="on the way out"),
        Line2D([], [], color=GREY, marker="o", ls="", markersize=8, mfc="none", label="back"),
    ]
    figure.legend(handles=ways, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure
