"""Where the time went: wall time of each stage of each cycle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import SERIES, new_figure, tidy


def cost(cycles: NDArray[np.int64], seconds: Mapping[str, NDArray[np.float64]]) -> Figure:
    """Draw wall times as stacked bars, one bar a cycle, in s, min or h as they need.

    Parameters
    ----------
    cycles
        (n_cycles,) number of each cycle.
    seconds
        For each stage, by its name and in the order of the work, (n_cycles,) wall times in s.
    """
    totals = np.sum(list(seconds.values()), axis=0)
    longest = float(totals.max())
    unit, divisor = ("h", 3600) if longest > 7200 else ("min", 60) if longest > 120 else ("s", 1)

    figure = new_figure(1.9 + 0.38 * len(cycles))
    axes = tidy(figure.add_subplot(), grid="x")
    left = np.zeros(len(cycles))
    rows = np.arange(len(cycles))
    for k, (stage, values) in enumerate(seconds.items()):
        axes.barh(
            rows,
            values / divisor,
            left=left,
            height=0.7,
            color=SERIES[k % len(SERIES)],
            hatch="//" if k >= len(SERIES) else None,
            edgecolor="white",
            linewidth=0.6,
            label=stage,
        )
        left = left + values / divisor
    for row, total in zip(rows, left, strict=True):
        axes.annotate(
            f"{total:.3g} {unit}",
            (total, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(rows, [str(cycle) for cycle in cycles])
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"wall time ({unit})")
    axes.set_ylabel("cycle")
    figure.legend(
        loc="outside upper center",
        ncols=4,
        frameon=False,
        fontsize=9,
        handlelength=1.2,
        columnspacing=1.0,
    )
    return figure
