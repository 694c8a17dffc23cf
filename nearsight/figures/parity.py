"""Predicted against reference forces, before and after."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import VERMILLION, new_figure, tidy


def parity(
    reference: NDArray[np.float64],
    predictions: Mapping[str, NDArray[np.float64]],
    *,
    level_of_theory: str = "reference",
) -> Figure:
    """Draw force components, predicted against reference, one panel for each model.

    Parameters
    ----------
    reference
        (n, 3) forces in eV/Å.
    predictions
        For each model, by its name ("before", "after"), (n, 3) forces in eV/Å.
    level_of_theory
        Where the reference forces come from, for the axis.
    """
    x = reference.ravel()
    flat = {name: forces.ravel() for name, forces in predictions.items()}
    every = np.concatenate([x, *flat.values()])
    low, high = float(every.min()), float(every.max())
    margin = 0.04 * max(high - low, 1e-6)
    span = (low - margin, high + margin)

    figure = new_figure(3.3)
    figure.set_layout_engine("compressed")
    panels = figure.subplots(1, len(flat), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (name, y) in zip(panels, flat.items(), strict=True):
        tidy(axes)
        cells = axes.hexbin(
            x,
            y,
            gridsize=45,
            extent=(*span, *span),
            mincnt=1,
            bins="log",
            cmap="cividis",
            linewidths=0.1,
        )
        axes.plot(span, span, color=VERMILLION, linewidth=1.0)
        rmse = 1000 * float(np.sqrt(np.mean((y - x) ** 2)))
        axes.set_title(f"{name}\nRMSE {rmse:.0f} meV/Å", fontsize=10)
        axes.set(xlim=span, ylim=span, aspect="equal")
    panels[0].set_ylabel("predicted force (eV/Å)")
    figure.supxlabel(f"force component, {level_of_theory} (eV/Å)", fontsize=10)
    figure.colorbar(cells, ax=list(panels), label="components", shrink=0.7, location="right")
    return figure
