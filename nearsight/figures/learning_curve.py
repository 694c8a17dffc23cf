"""Force errors against cycles: what the clusters taught (paper, Figure 6B)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import GREY, MARKERS, SERIES, new_figure, plain_log, tidy


def learning_curve(
    cycles: NDArray[np.int64],
    clusters: NDArray[np.int64],
    mae_p95: Mapping[str, NDArray[np.float64]],
    rmse: Mapping[str, NDArray[np.float64]],
    *,
    target: float | None = None,
) -> Figure:
    """Draw MAE_p95 and RMSE of the forces for every test set, cycle by cycle.

    Parameters
    ----------
    cycles
        (n_cycles,) number of each cycle; the first one is the start model.
    clusters
        (n_cycles,) clusters in the training set of that cycle's model.
    mae_p95, rmse
        For each test set, by its name, (n_cycles,) errors in meV/Å.
    target
        MAE_p95 in meV/Å at which the campaign stops.
    """
    figure = new_figure(5.6)
    top, bottom = figure.subplots(2, 1, sharex=True)
    _lines(top, cycles, mae_p95, "force MAE$_{p95}$ (meV/Å)")
    _lines(bottom, cycles, rmse, "force RMSE (meV/Å)")
    if target is not None:
        top.axhline(target, color=GREY, linestyle="--", linewidth=1.2, label="target")
    # many cycles: a label for some of them
    step = max(1, -(-len(cycles) // 8))
    bottom.set_xticks(
        cycles[::step],
        [f"{c}\n({n})" for c, n in zip(cycles[::step], clusters[::step], strict=True)],
    )
    bottom.set_xlabel("cycle (clusters in the training set)")
    figure.legend(
        *top.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=3,
        frameon=False,
        fontsize=10,
    )
    return figure


def _lines(
    axes: Axes, cycles: NDArray[np.int64], errors: Mapping[str, NDArray[np.float64]], label: str
) -> None:
    tidy(axes, grid="y")
    axes.set_yscale("log")
    for k, (name, values) in enumerate(errors.items()):
        colour = SERIES[k % len(SERIES)]
        axes.plot(
            cycles,
            values,
            color=colour,
            marker=MARKERS[k % len(MARKERS)],
            linewidth=1.8,
            label=name,
        )
    _name_ends(axes, cycles, errors)
    axes.margins(x=0.08, y=0.25)
    plain_log(axes.yaxis)
    axes.set_ylabel(label)


def _name_ends(
    axes: Axes, cycles: NDArray[np.int64], errors: Mapping[str, NDArray[np.float64]]
) -> None:
    """Write the largest error of the first and of the last cycle above, the smallest below."""
    for end in {0, len(cycles) - 1}:
        column = sorted(float(values[end]) for values in errors.values())
        for value, offset, side in ((column[-1], 7, "bottom"), (column[0], -7, "top")):
            if side == "top" and len(column) == 1:
                continue
            axes.annotate(
                f"{value:.0f}",
                (float(cycles[end]), value),
                xytext=(0, offset),
                textcoords="offset points",
                ha="center",
                va=side,
                fontsize=9,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
            )
