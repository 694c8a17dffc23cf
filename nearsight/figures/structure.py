"""The periodic structure and where the model is unsure of it (paper, Figures 6C and SI.3)."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from nearsight.figures.drawing import draw, element_handles, tilt
from nearsight.figures.scale import is_wide, ticks, uncertainty_colours, uncertainty_scale
from nearsight.figures.style import VERMILLION, element_colour, new_figure


def structure(
    atoms: Atoms,
    uncertainty: NDArray[np.float64] | None = None,
    unknown: NDArray[np.bool_] | None = None,
    *,
    view: tuple[float, float] = (10.0, 14.0),
    label: str = "surprise, −log-likelihood (no unit)",
) -> Figure:
    """Draw the cell, atoms coloured by uncertainty, unknown ones ringed, and a key by element.

    Parameters
    ----------
    atoms
        The structure, its cell outlined where it has one; positions in Å.
    uncertainty
        (n_atoms,), larger is less certain, for instance the negative log-likelihood of the atom's
        features; may be +inf for elements that the model never met. None draws the elements only.
    unknown
        (n_atoms,) atoms that get a ring.
    view
        Degrees of tilt about the horizontal and the vertical axis.
    label
        What the uncertainty is, for the colour bar.
    """
    rotation = tilt(*view)
    elements = [element_colour(symbol) for symbol in atoms.get_chemical_symbols()]
    if uncertainty is None:
        figure = new_figure(5.4)
        axes = figure.add_subplot()
        draw(axes, atoms, elements, rotation, unknown)
    else:
        figure = new_figure(7.6)
        figure.set_layout_engine("none")
        axes = figure.add_axes((0.0, 0.375, 1.0, 0.625))
        scale = uncertainty_scale(uncertainty)
        draw(axes, atoms, uncertainty_colours(uncertainty, scale), rotation, unknown)
        endless = int(np.isposinf(uncertainty).sum())
        bar = figure.colorbar(
            scale,
            cax=figure.add_axes((0.1, 0.345, 0.8, 0.018)),
            orientation="horizontal",
            label=f"{label}; ∞ for {endless}" if endless else label,
            extend="max" if endless else "neither",
        )
        if is_wide(uncertainty):
            bar.set_ticks(ticks(uncertainty), labels=[f"{t:g}" for t in ticks(uncertainty)])
            bar.minorticks_off()
        axes = figure.add_axes((0.0, 0.0, 0.55, 0.27))
        draw(axes, atoms, elements, rotation)
    handles = element_handles(atoms)
    if unknown is not None and unknown.any():
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker="o",
                markersize=10,
                markerfacecolor="none",
                markeredgecolor=VERMILLION,
                markeredgewidth=1.6,
                label=f"unknown ({int(unknown.sum())})",
            )
        )
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=10
    )
    return figure
