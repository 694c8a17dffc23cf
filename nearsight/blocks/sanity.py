"""Structures that are no complete frameworks are refused before they are taken apart."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from nearsight.blocks.base import UnsupportedFramework
from nearsight.blocks.bonds import METALS, count_neighbours, name

BENT = 2 + 2 * np.cos(np.deg2rad(150.0))
"""Squared sum of the unit vectors to two neighbours, above which they are not in line."""
PYRAMIDAL = 0.7**2
"""Squared sum of the unit vectors to three neighbours, above which they are not in a plane."""
TRIPLE = 1.3
"""Å below which carbon or nitrogen may have a single neighbour."""

_VALENCES = {"F": 1, "Cl": 4, "O": 3, "N": 4, "C": 4, "Si": 6, "P": 6, "S": 6}
_MOST = np.full(len(METALS), 12)
_MOST[[atomic_numbers[symbol] for symbol in _VALENCES]] = list(_VALENCES.values())


def check_kind(atoms: Atoms) -> None:
    """Refuse what is no ordered, periodic structure of metals and organic parts.

    Raises
    ------
    UnsupportedFramework
        With the reason. An empty structure passes; `find_bonds` refuses it.
    """
    _check_occupancy(atoms)
    present = sorted(set(atoms.numbers.tolist()))
    if not present:
        return
    if 0 in present:
        raise UnsupportedFramework(
            f"{name(atoms.numbers, int(np.argmin(atoms.numbers)))} is of no known element"
        )
    if not METALS[present].any():
        raise UnsupportedFramework("there are no metal atoms: this is no metal-organic framework")
    if 6 not in present:
        raise UnsupportedFramework(
            f"{atoms.get_chemical_formula()} holds no carbon, hence no carboxylates or other "
            "organic parts: this is no metal-organic framework"
        )
    if not atoms.pbc.any():
        raise UnsupportedFramework(
            "the structure is not periodic: give the cell of the framework, and set pbc"
        )


def _check_occupancy(atoms: Atoms) -> None:
    """Refuse partly occupied sites, as ASE's reader of CIF files tells them."""
    occupancy = atoms.info.get("occupancy")
    for sites in occupancy.values() if isinstance(occupancy, dict) else ():
        if len(sites) > 1 or min(sites.values(), default=1.0) < 0.999:
            site = ", ".join(f"{symbol} {share:g}" for symbol, share in sites.items())
            raise UnsupportedFramework(
                f"the structure is disordered, a site is only partly occupied ({site}): "
                "keep one of each set of alternative atoms, fully occupied"
            )


def check_valences(
    numbers: NDArray[np.int64], pairs: NDArray[np.int64], vectors: NDArray[np.float64]
) -> None:
    """Refuse structures with superfluous atoms or without all their hydrogens.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers.
    pairs, vectors
        (n_bonds, 2) bonded atoms, and (n_bonds, 3) vectors in Å from the first to the second.

    Raises
    ------
    UnsupportedFramework
        With the reason.
    """
    degree = count_neighbours(pairs, np.ones(len(numbers), dtype=bool))
    lone = (numbers == 1) & (degree == 0)
    if lone.any():
        raise UnsupportedFramework(
            f"{name(numbers, int(np.argmax(lone)))} is bonded to nothing: hydrogen molecules, "
            "hydrides and stray hydrogens are not supported"
        )
    if not METALS[numbers[pairs]].any():
        raise UnsupportedFramework(
            "no metal is close enough to another atom to be bonded to it: the cell or the "
            "positions seem to be wrong"
        )
    covalent = count_neighbours(pairs, ~METALS[numbers])
    crowded = covalent > _MOST[numbers]
    if crowded.any():
        atom = int(np.argmax(crowded))
        raise UnsupportedFramework(
            f"{name(numbers, atom)} has {covalent[atom]} neighbours, more than its valence allows: "
            "keep one of each set of disordered sites"
        )
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / lengths[:, None]
    total = np.stack(
        [
            np.bincount(pairs[:, 0], units[:, k], len(numbers))
            - np.bincount(pairs[:, 1], units[:, k], len(numbers))
            for k in range(3)
        ]
    )
    resultant = (total**2).sum(axis=0)
    reach = np.maximum(
        np.bincount(pairs[:, 0], lengths, len(numbers)),
        np.bincount(pairs[:, 1], lengths, len(numbers)),
    )
    carbon = numbers == 6
    bare = (
        carbon & (degree == 0)
        | (carbon | (numbers == 7)) & (degree == 1) & (reach > TRIPLE)
        | carbon & (degree == 2) & (resultant > BENT)
        | carbon & (degree == 3) & (resultant > PYRAMIDAL)
    )
    if bare.any():
        atom = int(np.argmax(bare))
        raise UnsupportedFramework(
            f"{name(numbers, atom)} has too few neighbours ({degree[atom]}, at these angles and "
            "lengths): hydrogens, or the cell that closes the bonds, seem to be missing"
        )
