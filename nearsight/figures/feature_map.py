"""Feature space before and after training, and a defect in it (paper, Figure 4)."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.feature_space import principal_plane, scatter, scatter_new, told
from nearsight.figures.style import new_figure, tidy


def feature_map(
    untrained: NDArray[np.float64],
    trained: NDArray[np.float64],
    types: NDArray[np.str_],
    defect: NDArray[np.float64],
    defect_types: NDArray[np.str_],
    *,
    element: str = "C",
) -> Figure:
    """Draw features of one element: A untrained, B trained, C with a defect on top of B.

    All points are projected on the two largest principal components of `trained`, and all panels
    have its scale, each about its own middle.

    Parameters
    ----------
    untrained, trained
        (n, n_features) features (no unit) of the same atoms by the network with random weights,
        and by the trained one.
    types
        (n,) chemical type of each, see `atom_types`.
    defect
        (m, n_features) features of the atoms of defective structures, by the trained network.
    defect_types
        (m,) their types; those that `types` lacks are drawn in vermillion.
    element
        Chemical symbol, for the axes.
    """
    plane = principal_plane(trained)
    new = ~np.isin(defect_types, types)
    names = ", ".join(told(str(kind)) for kind in np.unique(defect_types[new]))
    figure = new_figure(7.2)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.7))
    a, b = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
    c = figure.add_subplot(grid[1, :])
    for axes, letter, features in ((a, "A  untrained", untrained), (b, "B  trained", trained)):
        scatter(axes, plane.project(features), types)
        axes.set_title(letter, loc="left", fontsize=10)
    scatter(c, plane.project(trained), types)
    if new.any():
        scatter_new(c, plane.project(defect[new]), f"new: {names} ({int(new.sum())})")
    c.set_title("C  trained, with the defect", loc="left", fontsize=10)
    half = 0.55 * np.ptp(plane.project(trained), axis=0)
    for axes, features in ((a, untrained), (b, trained)):
        flat = plane.project(features)
        middle = (flat.min(axis=0) + flat.max(axis=0)) / 2
        reach = np.maximum(half, 0.55 * np.ptp(flat, axis=0))
        axes.set_xlim(middle[0] - reach[0], middle[0] + reach[0])
        axes.set_ylim(middle[1] - reach[1], middle[1] + reach[1])
        axes.tick_params(labelsize=8)
    for axes in (a, b, c):
        tidy(axes, grid="both")
    c.set_xlabel(
        f"principal component 1 of {element} features ({plane.shares[0]:.0f} % of variance)"
    )
    c.set_ylabel(f"principal component 2 ({plane.shares[1]:.0f} %)")
    figure.legend(
        *c.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
        markerscale=1.5,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    return figure
