"""Any selection of blocks in its framework: the chosen in colour, the rest grey and ghostly."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.drawing import dot, draw, element_handles, tilt
from nearsight.figures.style import GREY, element_colour, new_figure

GHOST = 0.2
"""Opacity of what was not chosen."""


def selection(
    atoms: Atoms,
    chosen: NDArray[np.bool_],
    *,
    view: tuple[float, float] = (10.0, 14.0),
    label: str = "not chosen",
) -> Figure:
    """Draw a framework with some of its atoms in the colours of their elements.

    Parameters
    ----------
    atoms
        The framework, its cell outlined; positions in Å.
    chosen
        (n_atoms,) atoms of the chosen blocks, ``np.isin(blocks.labels, which)``.
    view
        Degrees of tilt about the horizontal and the vertical axis.
    label
        What the legend calls the rest.
    """
    colours = np.array([to_rgba(element_colour(s)) for s in atoms.get_chemical_symbols()])
    colours[~chosen] = to_rgba(GREY, GHOST)
    figure = new_figure(5.4)
    axes = figure.add_subplot()
    draw(axes, atoms, colours, tilt(*view))
    handles = element_handles(atoms[chosen]) if chosen.any() else []
    if not chosen.all():
        handles.append(dot(GREY, f"{label} ({int((~chosen).sum())})"))
    axes.legend(
        handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize=10
    )
    return figure
