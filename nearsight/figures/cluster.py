"""One extracted cluster: core, mantle and caps (paper, Figure 5 and Section 2.4)."""

from __future__ import annotations

import re

import numpy as np
from ase import Atoms
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.drawing import broadside, dot, draw
from nearsight.figures.style import SKY, VERMILLION, YELLOW, new_figure


def cluster(
    atoms: Atoms,
    core: NDArray[np.bool_],
    mantle: NDArray[np.bool_],
    caps: NDArray[np.bool_],
) -> Figure:
    """Draw a cluster coloured by the part that each atom plays.

    Parameters
    ----------
    atoms
        The fragment, not periodic; positions in Å.
    core, mantle, caps
        (n_atoms,) masks; together they name every atom once.
    """
    parts = np.stack([core, mantle, caps])
    if not (parts.sum(axis=0) == 1).all():
        raise ValueError("every atom of a cluster is in its core, its mantle or its caps, once")
    names = ("core", "mantle", "H cap")
    colours = np.array([VERMILLION, SKY, YELLOW])
    figure = new_figure(5.0)
    axes = figure.add_subplot()
    finite = atoms.copy()
    finite.set_pbc(False)
    finite.set_cell(None)
    draw(axes, finite, list(colours[parts.argmax(axis=0)]), broadside(finite.positions))
    handles = [
        dot(colour, f"{name} ({int(part.sum())})")
        for name, colour, part in zip(names, colours, parts, strict=True)
    ]
    axes.legend(
        handles=handles,
        title=f"{_formula(finite)}, {len(finite)} atoms",
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=3,
        frameon=False,
        fontsize=10,
        alignment="center",
    )
    return figure


def _formula(atoms: Atoms) -> str:
    """Hill formula with its numbers set low."""
    return re.sub(r"(\d+)", r"$_{\1}$", atoms.get_chemical_formula())
