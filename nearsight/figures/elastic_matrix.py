"""Elastic constants as matrices of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import BLACK, BLUE, ORANGE, new_figure

AXES = ("xx", "yy", "zz", "yz", "xz", "xy")
COLUMNS = 2

_SIGNS = LinearSegmentedColormap.from_list("signs", [ORANGE, "white", BLUE])


def elastic_matrix(tensors: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Print the (6, 6) constants of every system in GPa, on colours of their size and sign."""
    columns = min(COLUMNS, len(tensors))
    rows = -(-len(tensors) // columns)
    figure = new_figure(3.1 * rows, 3.0 * columns)
    for axes, (name, constants) in zip(
        figure.subplots(rows, columns, squeeze=False).flat, tensors.items(), strict=False
    ):
        limit = 1.6 * np.abs(constants).max()  # numbers stay readable on the darkest colour
        axes.imshow(constants, cmap=_SIGNS, vmin=-limit, vmax=limit)
        for (i, j), value in np.ndenumerate(constants):
            shown = f"{value:z.1f}" if abs(value) < 99.95 else f"{value:.0f}"
            axes.text(j, i, shown, ha="center", va="center", fontsize=8, color=BLACK)
        axes.set_title(fill(name, 34), fontsize=10)
        axes.set_xticks(range(6), AXES, fontsize=8)
        axes.set_yticks(range(6), AXES, fontsize=8)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    for axes in figure.axes[len(tensors) :]:
        axes.set_visible(False)
    figure.supxlabel("elastic constants (GPa)", fontsize=10)
    return figure
