"""Chemical types of atoms by their bonded neighbours, the colours of the paper's Figure 4."""

from __future__ import annotations

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

COMMON_NAMES = {
    "C(C,C,H)": "aromatic C–H",
    "C(C,C,C)": "aromatic C–C",
    "C(C,O,O)": "carboxylate",
    "C(H,O,O)": "formate",
    "H(C)": "H on carbon",
    "H(O)": "hydroxyl H",
}
"""What chemists call some of the types."""


def atom_types(numbers: NDArray[np.int64], bonds: NDArray[np.int64]) -> NDArray[np.str_]:
    """Name every atom by its element and its sorted bonded neighbours.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers.
    bonds
        (n_bonds, 2) pairs of bonded atoms, every bond once. A pair may come twice where two atoms
        are bonded through different periodic images; it then counts twice.

    Returns
    -------
    (n_atoms,) names such as "C(C,C,H)", or "He()" for an atom without bonds.
    """
    neighbours: list[list[str]] = [[] for _ in numbers]
    for i, j in bonds:
        neighbours[i].append(chemical_symbols[numbers[j]])
        neighbours[j].append(chemical_symbols[numbers[i]])
    names = [
        f"{chemical_symbols[number]}({','.join(sorted(around))})"
        for number, around in zip(numbers, neighbours, strict=True)
    ]
    return np.array(names, dtype=np.str_)
