"""Force matching: what the core of each cluster feels amiss (paper, Figure 5B)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import chemical_symbols
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nearsight.figures.drawing import broadside, draw
from nearsight.figures.scale import COLOUR_MAP
from nearsight.figures.style import BLACK, GREY, MARKERS, element_colour, new_figure, tidy

GHOST = 0.15
"""Opacity of mantle and caps."""
DECADES = 3.0
"""Powers of ten below the largest error that are told apart; what is smaller is drawn there."""


EDGE: dict[str, Any] = {"markeredgecolor": "#333333", "markeredgewidth": 0.5}
"""Of a marker, so that pale ones are seen."""


@dataclass(frozen=True)
class Panel:
    """One cluster, a row of the figure.

    Attributes
    ----------
    title
        Its blueprint and size.
    atoms
        The cluster, not periodic; positions in Å.
    core
        (n_core,) indices of the core's atoms.
    errors
        (n_core,) per-atom RMSE of the forces against the bulk, eV/Å.
    bonds
        (n_core,) bonds between each atom and the edge of the core.
    """

    title: str
    atoms: Atoms
    core: NDArray[np.int64]
    errors: NDArray[np.float64]
    bonds: NDArray[np.int64]


def force_matching(panels: Sequence[Panel], tolerance: float) -> Figure:
    """Draw every cluster with its core coloured by error, and the errors by depth in the core.

    Parameters
    ----------
    panels
        One for each cluster, all of them on one scale of errors.
    tolerance
        Core RMSE that is good enough, eV/Å, drawn as a dashed line.
    """
    largest = max([tolerance, *(float(panel.errors.max()) for panel in panels)])
    smallest = largest / 10**DECADES
    scale = ScalarMappable(norm=LogNorm(smallest, largest), cmap=colormaps[COLOUR_MAP])
    found = {chemical_symbols[z] for panel in panels for z in panel.atoms.numbers[panel.core]}
    markers = dict(zip(sorted(found), cycle(MARKERS), strict=False))
    figure = new_figure(2.4 * len(panels) + 1.2)
    grid = figure.subplots(len(panels), 2, squeeze=False, width_ratios=(1.15, 1))
    for panel, (left, right) in zip(panels, grid, strict=True):
        errors = np.clip(panel.errors, smallest, largest)
        _picture(left, panel, scale.to_rgba(errors))
        _by_depth(right, panel, errors, markers)
        right.axhline(tolerance, color=BLACK, linestyle="--", linewidth=0.9)
        right.set(yscale="log", ylim=(smallest / 1.3, largest * 1.3))
    grid[-1, 1].set_xlabel("bonds from the core's edge")
    figure.colorbar(
        scale,
        ax=list(grid.ravel()),
        location="bottom",
        shrink=0.6,
        aspect=40,
        pad=0.02,
        label="per-atom RMSE (eV/Å)",
    )
    figure.legend(
        handles=[*map(_handle, markers, markers.values()), *_LINES],
        loc="outside upper center",
        ncols=6,
        frameon=False,
        fontsize=9,
        handletextpad=0.4,
        columnspacing=1.2,
    )
    return figure


_LINES = (
    Line2D([], [], color=BLACK, linewidth=1.2, label="RMSE"),
    Line2D([], [], color=BLACK, linestyle="--", linewidth=0.9, label="tolerance"),
)


def _handle(symbol: str, marker: str) -> Line2D:
    colour = element_colour(symbol)
    return Line2D([], [], linestyle="", marker=marker, color=colour, label=symbol, **EDGE)


def _picture(axes: Axes, panel: Panel, colours: NDArray[np.float64]) -> None:
    fill = np.tile(to_rgba(GREY, GHOST), (len(panel.atoms), 1))
    fill[panel.core] = colours
    raised = np.isin(np.arange(len(panel.atoms)), panel.core)
    draw(axes, panel.atoms, fill, broadside(panel.atoms.positions), raised=raised)
    axes.set_title(panel.title, fontsize=10)


def _by_depth(
    axes: Axes, panel: Panel, errors: NDArray[np.float64], markers: Mapping[str, str]
) -> None:
    symbols = np.array(chemical_symbols)[panel.atoms.numbers[panel.core]]
    sideways = 0.1 * (np.arange(len(markers)) - (len(markers) - 1) / 2)
    for place, (symbol, marker) in zip(sideways, markers.items(), strict=False):
        mine = symbols == symbol
        axes.plot(
            panel.bonds[mine] + place,
            errors[mine],
            linestyle="",
            marker=marker,
            markersize=4.5,
            color=element_colour(symbol),
            **EDGE,
            gid=symbol,
        )
    depths = np.unique(panel.bonds)
    levels = [np.sqrt(np.mean(np.square(panel.errors[panel.bonds == d]))) for d in depths]
    floor = np.maximum(levels, errors.min())
    axes.plot(depths, floor, color=BLACK, linewidth=1.2, zorder=3, gid="RMSE")
    tidy(axes, grid="y")
    axes.set_xticks(depths)
    axes.set_ylabel("per-atom RMSE (eV/Å)", fontsize=9)
