"""Which uncertainty finds the worst atoms? Recall against the share of atoms that are flagged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from nearsight.figures.style import BLACK, GREY, MARKERS, SERIES, new_figure, tidy

LINES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (3, 3)))


@dataclass(frozen=True)
class Curve:
    """How one method did on one test set.

    Attributes
    ----------
    flagged, recall
        (n,) share of all atoms flagged, and of the worst ones among them; both rise to 1.
    threshold
        Share of atoms that the method's own threshold flags; 0 for none.
    """

    flagged: NDArray[np.float64]
    recall: NDArray[np.float64]
    threshold: float


def calibration(tests: Mapping[str, Mapping[str, Curve]], share: float = 0.05) -> Figure:
    """Draw recall of the worst atoms against atoms flagged, a panel a test set, a line a method.

    Parameters
    ----------
    tests
        Curves by method, by test set; the same methods everywhere.
    share
        Of atoms that count as the worst. An oracle's line is solid grey, chance's dotted.
    """
    figure = new_figure(2.9 * len(tests) + 1.0)
    rows = figure.subplots(len(tests), 1, squeeze=False, sharex=True)[:, 0]
    for axes, (name, curves) in zip(rows, tests.items(), strict=True):
        _panel(tidy(axes, grid="both"), curves, share)
        axes.set_title(name, loc="left", fontsize=10)
        axes.set_ylabel(f"recall of the worst {100 * share:g} %")
    rows[-1].set_xlabel("atoms flagged, most surprising first (%)")
    handles, labels = rows[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=9,
        handlelength=3.2,
    )
    return figure


def _panel(axes: Axes, curves: Mapping[str, Curve], share: float) -> None:
    start = 1e-3
    grid = np.geomspace(start, 1.0, 200)
    axes.plot(grid, np.minimum(grid / share, 1.0), color=GREY, linewidth=0.9, label="oracle")
    axes.plot(grid, grid, color=GREY, linewidth=0.9, linestyle=":", label="chance")
    for i, (name, curve) in enumerate(curves.items()):
        colour, marker = SERIES[i % len(SERIES)], MARKERS[i % len(MARKERS)]
        recall = np.interp(grid, curve.flagged, curve.recall)
        axes.plot(grid, recall, color=colour, linestyle=LINES[i % len(LINES)], linewidth=1.5)
        at = float(np.clip(curve.threshold, start, 1.0))
        axes.plot(
            at,
            np.interp(at, curve.flagged, curve.recall),
            color=colour,
            marker=marker,
            markersize=7,
            markeredgecolor=BLACK,
            markeredgewidth=0.6,
            linestyle=LINES[i % len(LINES)],
            label=name,
            clip_on=False,
            zorder=3,
        )
    axes.set(xscale="log", xlim=(start, 1.0), ylim=(0.0, 1.02))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:g}"))
