"""Where in a framework the force errors are, model by model (paper, Figure 6C)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from ase import Atoms
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.drawing import draw, tilt
from nearsight.figures.scale import COLOUR_MAP
from nearsight.figures.style import MARKERS, SERIES, WIDTH, new_figure, plain_log, tidy

SHELL = 1.5
"""Å; width of the shells over which errors are averaged."""


def error_map(
    atoms: Atoms,
    errors: Mapping[str, NDArray[np.float64]],
    centre: int,
    *,
    view: tuple[float, float] = (10.0, 14.0),
) -> Figure:
    """Draw the structure once for each model, atoms by their error, and errors by distance.

    Parameters
    ----------
    atoms
        The structure; positions in Å.
    errors
        For each model, by its name, (n_atoms,) MAE_p95 of every atom, meV/Å; all on one scale.
    centre
        The atom that distances are taken from; it is drawn in the middle of the cell.
    """
    shown = atoms.copy()
    shown.translate(shown.cell.array.sum(axis=0) / 2 - shown.positions[centre])
    shown.wrap()
    every = np.concatenate(list(errors.values()))
    # the top of the scale belongs to the worst atoms: what is lower than the median is just low
    low, high = float(np.median(every)), float(every.max())
    scale = ScalarMappable(LogNorm(low, max(high, 1.01 * low)), colormaps[COLOUR_MAP])
    rows = -(-len(errors) // 2)
    figure = new_figure(rows * WIDTH / 2 + 3.4)
    heights = [WIDTH / 2] * rows + [2.6]
    grid = figure.add_gridspec(rows + 1, 2, height_ratios=heights)
    panels = [figure.add_subplot(grid[k // 2, k % 2]) for k in range(len(errors))]
    for panel, (name, values) in zip(panels, errors.items(), strict=True):
        colours = scale.to_rgba(np.clip(values, low, None))
        draw(panel, shown, colours, tilt(*view), raised=values > np.percentile(values, 95))
        panel.set_title(f"{name}: worst atom {values.max():.0f} meV/Å", fontsize=10)
    bar = figure.colorbar(
        scale,
        ax=panels,
        location="bottom",
        shrink=0.8,
        aspect=40,
        pad=0.02,
        extend="min",
        label="force MAE$_{p95}$ of an atom (meV/Å)",
    )
    plain_log(bar.ax.xaxis)
    axes = tidy(figure.add_subplot(grid[rows, :]), grid="y")
    distances = shown.get_distances(centre, range(len(shown)), mic=True)
    shells = np.floor(distances / SHELL).astype(int)
    kept = [shell for shell in np.unique(shells) if SHELL * shell < distances.max() - SHELL]
    for k, (name, values) in enumerate(errors.items()):
        axes.plot(
            [SHELL * (shell + 0.5) for shell in kept],
            [values[shells == shell].mean() for shell in kept],
            color=SERIES[k % len(SERIES)],
            marker=MARKERS[k % len(MARKERS)],
            markersize=4,
            linewidth=1.6,
            label=name,
        )
    axes.set_yscale("log")
    plain_log(axes.yaxis)
    axes.set_xlabel("distance from the worst atom of the first model (Å)")
    axes.set_ylabel("mean MAE$_{p95}$ (meV/Å)")
    axes.legend(frameon=False, fontsize=9)
    return figure
