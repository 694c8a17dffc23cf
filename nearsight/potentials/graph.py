"""Structures as NequIP's graphs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.data import chemical_symbols
from nequip.data import AtomicDataDict, compute_neighborlist_

from nearsight.potentials.neighbours import Edges
from nearsight.references.base import Label

Graph = dict[str, Any]


class UnknownElement(ValueError):
    """The structure holds an element that the model was never built for."""


def to_graph(
    atoms: Atoms, elements: Sequence[str], r_max: float, edges: Edges | None = None
) -> Graph:
    """Turn a structure into a graph with neighbours within `r_max` (Å).

    `edges` are those neighbours, where they are known already.

    Raises
    ------
    UnknownElement
        If an element of `atoms` is not among the model's `elements`.
    """
    types = np.full(len(chemical_symbols), -1)
    types[[chemical_symbols.index(e) for e in elements]] = np.arange(len(elements))
    atom_types = types[atoms.numbers]
    if (atom_types < 0).any():
        strange = sorted({chemical_symbols[z] for z in atoms.numbers[atom_types < 0]})
        raise UnknownElement(
            f"{', '.join(strange)} is not among the elements this model was built for "
            f"({', '.join(elements)}); train a model on data that holds it"
        )
    cell = atoms.cell.array if atoms.pbc.any() else np.zeros((3, 3))
    # double precision by name: NequIP changes torch's default while it builds a network
    graph: Graph = {
        AtomicDataDict.POSITIONS_KEY: torch.tensor(atoms.positions, dtype=torch.float64),
        AtomicDataDict.CELL_KEY: torch.tensor(cell, dtype=torch.float64)[None],
        AtomicDataDict.PBC_KEY: torch.tensor(atoms.pbc)[None],
        AtomicDataDict.ATOM_TYPE_KEY: torch.tensor(atom_types),
    }
    if edges is None:
        return compute_neighborlist_(graph, r_max)  # type: ignore[no-any-return]
    return {
        **graph,
        AtomicDataDict.EDGE_INDEX_KEY: edges.pairs,
        AtomicDataDict.EDGE_CELL_SHIFT_KEY: edges.shifts,
    }


def add_label(graph: Graph, label: Label) -> Graph:
    """Return `graph` with the label's targets, the stress NaN (left out of the loss) where the
    label has none or the structure is not periodic in all three directions."""
    if label.status != "converged" or label.energy is None or label.forces is None:
        raise ValueError(f"a label that is {label.status} cannot be trained on")
    periodic = bool(graph[AtomicDataDict.PBC_KEY].all())
    stress = label.stress if periodic and label.stress is not None else np.full((3, 3), np.nan)
    dtype = graph[AtomicDataDict.POSITIONS_KEY].dtype
    return {
        **graph,
        AtomicDataDict.TOTAL_ENERGY_KEY: torch.tensor([[label.energy]], dtype=dtype),
        AtomicDataDict.FORCE_KEY: torch.tensor(label.forces, dtype=dtype),
        AtomicDataDict.STRESS_KEY: torch.tensor(stress, dtype=dtype).reshape(1, 3, 3),
    }
