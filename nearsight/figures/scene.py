"""A structure as plain numbers for a picture that the reader can turn."""

from __future__ import annotations

from typing import Any

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from nearsight.figures.drawing import BALL, cell_edges, near_bonds
from nearsight.figures.scale import uncertainty_colours, uncertainty_scale
from nearsight.figures.style import element_colour


def scene(
    atoms: Atoms,
    uncertainty: NDArray[np.float64],
    unknown: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return what a viewer needs, ready for JSON: coordinates in Å around the centre, colours.

    Parameters
    ----------
    atoms
        The structure; positions in Å.
    uncertainty
        (n_atoms,), +inf allowed.
    unknown
        (n_atoms,) atoms to ring.
    """
    edges = cell_edges(atoms)
    centre = atoms.cell.array.sum(axis=0) / 2 if len(edges) else atoms.positions.mean(axis=0)
    i, j, vectors = near_bonds(atoms)
    # bonds through a face would cross the whole picture
    inside = np.linalg.norm(atoms.positions[j] - atoms.positions[i] - vectors, axis=1) < 1e-3
    keep = (i < j) & inside
    radii = covalent_radii[atoms.numbers]
    symbols = atoms.get_chemical_symbols()
    colours = uncertainty_colours(uncertainty, uncertainty_scale(uncertainty))
    return {
        "symbols": symbols,
        "positions": (atoms.positions - centre).round(3).tolist(),
        "radii": (BALL * radii).round(3).tolist(),
        "bonds": np.stack([i[keep], j[keep]], axis=1).tolist(),
        "edges": (edges - centre).round(3).tolist(),
        "by_uncertainty": [to_hex(colour) for colour in colours],
        "by_element": [element_colour(symbol) for symbol in symbols],
        "uncertainty": [f"{value:.2f}" if np.isfinite(value) else "∞" for value in uncertainty],
        "unknown": unknown.tolist(),
    }
