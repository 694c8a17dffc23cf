"""What all figures share: colours that everybody can tell apart, sizes, bare axes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Okabe and Ito's palette: told apart with every kind of colour vision.
BLACK = "#000000"
ORANGE = "#e69f00"
SKY = "#56b4e9"
GREEN = "#009e73"
YELLOW = "#f0e442"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
PURPLE = "#cc79a7"
GREY = "#8a8a8a"

SERIES = (BLUE, ORANGE, GREEN, PURPLE, SKY, GREY, YELLOW)
"""For things in a row; vermillion is left out because it always means "new" or "unknown"."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")

ELEMENTS = {"H": "#d0d0d0", "C": "#4a4a4a", "O": ORANGE, "Zr": BLUE, "Hf": PURPLE, "N": SKY}
"""Colour of the elements that UiO-66 is made of; others are green."""

WIDTH = 5.6
"""Width of a figure in inch: its text of 10 pt stays readable on a telephone."""


def element_colour(symbol: str) -> str:
    """Colour of an element, as #rrggbb."""
    return ELEMENTS.get(symbol, GREEN)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Empty figure of `width` x `height` inch that belongs to no global state."""
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def tidy(axes: Axes, grid: Literal["x", "y", "both"] | None = None) -> Axes:
    """Take away the box around `axes` and put a faint grid below the data."""
    axes.spines[["top", "right"]].set_visible(False)
    if grid is not None:
        axes.grid(True, axis=grid, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    return axes


def plain_log(axis: Axis) -> None:
    """Mark a logarithmic axis at 1, 2 and 5 of every decade, in plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def look(k: int) -> tuple[str, str]:
    """Colour and marker of the k-th system; when colours begin again, markers differ."""
    return SERIES[k % len(SERIES)], MARKERS[(k + k // len(SERIES)) % len(MARKERS)]


def key(name: str, colour: str, marker: str) -> Line2D:
    """A system's entry in a legend."""
    return Line2D([], [], color=colour, marker=marker, ls="", markersize=6, label=name)


def head(figure: Figure, systems: list[Line2D]) -> None:
    """Name the systems above the axes, in as many columns as their names leave room for.

    The figure grows by the rows beyond the first two, so that its axes keep their size.
    """
    if systems:
        lengths = [len(str(line.get_label())) + 9 for line in systems]
        columns = next(
            n
            for n in range(min(4, len(systems)), 0, -1)
            if n == 1 or sum(part.max() for part in np.array_split(lengths, n)) <= 72
        )
        rows = -(-len(systems) // columns)
        figure.set_figheight(figure.get_figheight() + 0.19 * max(rows - 2, 0))
        figure.legend(
            handles=systems,
            loc="outside upper center",
            ncols=columns,
            frameon=False,
            fontsize=9,
        )
