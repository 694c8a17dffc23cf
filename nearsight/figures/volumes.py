"""Volumes and pressures of data sets (paper, Section 3, Data Set Generation)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from nearsight.figures.style import MARKERS, SERIES, new_figure, tidy

BINS = 12

Frames = tuple[NDArray[np.float64], NDArray[np.float64]]


def volumes(sets: Mapping[str, Frames]) -> Figure:
    """Draw how many frames have which volume, and the pressure that each was met at.

    Parameters
    ----------
    sets
        For each data set, by its name: volumes (n_frames,) in Å³ and the pressures (n_frames,) of
        the walks that they come from, in GPa.
    """
    figure = new_figure(5.4)
    top, bottom = figure.subplots(2, 1, sharex=True)
    edges = np.histogram_bin_edges(np.concatenate([v for v, _ in sets.values()]), BINS)
    for k, (name, (volume, pressure)) in enumerate(sets.items()):
        colour, marker = SERIES[k % len(SERIES)], MARKERS[k % len(MARKERS)]
        top.stairs(np.histogram(volume, edges)[0], edges, color=colour, linewidth=1.8)
        bottom.plot(
            volume,
            pressure,
            linestyle="",
            marker=marker,
            markersize=4.5,
            color=colour,
            alpha=0.7,
            label=f"{name} ({len(volume)})",
        )
    tidy(top, grid="y").set_ylabel("frames")
    top.yaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(bottom, grid="both").set_ylabel("pressure of the walk (GPa)")
    bottom.set_xlabel("volume of the cell (Å³)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure
