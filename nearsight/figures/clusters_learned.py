"""Force errors against the number of clusters learned from (paper, Figure 6B)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from nearsight.figures.style import MARKERS, SERIES, new_figure, plain_log, tidy


@dataclass(frozen=True)
class Learned:
    """One learning curve.

    Attributes
    ----------
    sizes
        (n_sizes,) numbers of clusters N, growing.
    errors
        (n_sizes, n_draws) force MAE_p95 in meV/Å; NaN where the model does not know an element.
    periodic
        MAE_p95 of a model trained on periodic cells, meV/Å; None without one.
    """

    sizes: NDArray[np.int64]
    errors: NDArray[np.float64]
    periodic: float | None = None


def clusters_learned(curves: Mapping[str, Learned]) -> Figure:
    """Draw mean and range of every curve, diamonds where it lies below its periodic model.

    Parameters
    ----------
    curves
        By the name of the test set.
    """
    figure = new_figure(4.4)
    axes = tidy(figure.add_subplot(), grid="y")
    sizes = np.unique(np.concatenate([curve.sizes for curve in curves.values()]))
    for k, (name, curve) in enumerate(curves.items()):
        colour = SERIES[k % len(SERIES)]
        mean = curve.errors.mean(axis=1)
        spread = [mean - curve.errors.min(axis=1), curve.errors.max(axis=1) - mean]
        axes.errorbar(curve.sizes, mean, spread, color=colour, linewidth=1.8, capsize=3, label=name)
        below = np.zeros(len(mean), dtype=bool)
        if curve.periodic is not None:
            below = mean < curve.periodic
            axes.axhline(
                curve.periodic,
                color=colour,
                linestyle="--",
                linewidth=1.2,
                label=f"{name}, periodic model",
            )
        for mask, marker, size in ((~below, MARKERS[0], 6), (below, "D", 7)):
            axes.plot(
                curve.sizes[mask],
                mean[mask],
                linestyle="",
                marker=marker,
                markersize=size,
                color=colour,
                markeredgecolor="white",
                markeredgewidth=0.6,
                gid=f"{name} {marker}",
            )
    axes.set_xscale("symlog", linthresh=max(1, int(sizes[sizes > 0].min(initial=sizes[-1]))))
    axes.set_xticks(sizes, [str(n) for n in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_yscale("log")
    plain_log(axes.yaxis)
    axes.margins(x=0.05, y=0.15)
    axes.set_xlabel("clusters in the training set, N")
    axes.set_ylabel("force MAE$_{p95}$ (meV/Å)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=10)
    return figure
