"""Errors of every model on every test set as heat maps with their values (paper, SI.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import new_figure

_MAP = "cividis_r"
"""Read alike with every kind of colour vision, and in grey."""


def cross_validation(
    models: Sequence[str], tests: Sequence[str], errors: Mapping[str, NDArray[np.float64]]
) -> Figure:
    """Draw a heat map for each metric, colours by the logarithm of its magnitude.

    Parameters
    ----------
    models, tests
        Names of rows and columns.
    errors
        For each metric, by its name and unit, (n_models, n_tests); NaN where there is none.
    """
    columns = 2 if len(tests) <= 4 else 1  # values and names of more need the whole width
    rows = -(-len(errors) // columns)
    figure = new_figure(rows * (1.0 + 0.42 * len(models)) + 0.2)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes in grid.ravel()[len(errors) :]:
        axes.set_axis_off()
    for axes, (metric, values) in zip(grid.ravel(), errors.items(), strict=False):
        _heat_map(axes, values)
        axes.set_title(metric, fontsize=10)
        axes.set_xticks(range(len(tests)), tests)
        axes.set_yticks(range(len(models)), models)
        axes.tick_params(length=0, labelbottom=True)
    return figure


def _heat_map(axes: Axes, values: NDArray[np.float64]) -> None:
    sizes = np.abs(values)
    there = sizes[np.isfinite(sizes) & (sizes > 0)]
    high = float(there.max()) if len(there) else 1.0
    # decades below the worst are told apart, but no more than two: the rest is good
    low = 0.9 * max(float(there.min()) if len(there) else high, high / 100)
    norm, colours = LogNorm(low, 1.1 * high), colormaps[_MAP]
    shown = np.where(np.isfinite(sizes), np.maximum(sizes, low), np.nan)
    axes.imshow(shown, norm=norm, cmap=colours, aspect="auto")
    axes.spines[:].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        known = bool(np.isfinite(value))
        shade = colours(norm(shown[row, column])) if known else (1, 1, 1, 1)
        dark = known and np.dot(shade[:3], (0.299, 0.587, 0.114)) < 0.5
        axes.text(
            column,
            row,
            _text(value) if known else "–",
            ha="center",
            va="center",
            fontsize=10,
            color="white" if dark else "black",
        )


def _text(value: float) -> str:
    """Two decimals below 1, three digits below 100, whole numbers above; a true minus sign."""
    form = "{:.2f}" if abs(value) < 1 else "{:.3g}" if abs(value) < 99.5 else "{:.0f}"
    return form.format(value).replace("-", "−")
