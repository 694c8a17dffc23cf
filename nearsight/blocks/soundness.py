"""What a cluster must be before anybody pays for its label."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from nearsight.blocks.base import UnsoundCluster
from nearsight.blocks.bonds import METALS, name
from nearsight.blocks.charge import formal_charge

SHORTEST, LONGEST = 0.5, 1.6
"""Bond lengths allowed, in sums of covalent radii."""
CLASH, METAL_CLASH, CLASH_RADIUS = 1.1, 0.8, 0.5
"""Atoms that are not bonded keep off each other by this fraction of their covalent radii (metals
have a smaller one, as bricks hold them together), and by at least this radius in Å."""
METAL_BOND = 0.65
"""Sums of covalent radii that metals keep off each other: multiple bonds join some of them."""


def check_sound(atoms: Atoms, pairs: NDArray[np.int64]) -> None:
    """Refuse a fragment that is charged, open shell, torn or clashing.

    Parameters
    ----------
    atoms
        Finite fragment.
    pairs
        (n_bonds, 2) all its bonds, those of its caps among them.

    Raises
    ------
    UnsoundCluster
        With the reason.
    """
    numbers = atoms.numbers
    if int(numbers.sum()) % 2:
        raise UnsoundCluster(
            f"{atoms.get_chemical_formula()} has an odd number of electrons: it is charged or "
            "open shell"
        )
    charge = formal_charge(numbers, pairs)
    if charge:
        raise UnsoundCluster(
            f"{atoms.get_chemical_formula()} has a formal charge of {charge:+d}: hydrogens or "
            "counterions seem to be missing"
        )
    _check_lengths(atoms, pairs)
    _check_clashes(atoms, pairs)


def _check_lengths(atoms: Atoms, pairs: NDArray[np.int64]) -> None:
    lengths = np.linalg.norm(atoms.positions[pairs[:, 1]] - atoms.positions[pairs[:, 0]], axis=1)
    relative = lengths / covalent_radii[atoms.numbers[pairs]].sum(axis=1)
    insane = ~((relative > SHORTEST) & (relative < LONGEST))
    if insane.any():
        bond = int(np.argmax(insane))
        a, b = (name(atoms.numbers, int(k)) for k in pairs[bond])
        raise UnsoundCluster(
            f"the bond between {a} and {b} of the cluster is {lengths[bond]:.2f} Å long: "
            "the frame is no longer the structure that was partitioned"
        )


def _check_clashes(atoms: Atoms, pairs: NDArray[np.int64]) -> None:
    scale = np.where(METALS[atoms.numbers], METAL_CLASH, CLASH)
    radii = np.maximum(scale * covalent_radii[atoms.numbers], CLASH_RADIUS)
    boxed = atoms.copy()
    boxed.center(vacuum=1.0)
    first, second, distance = neighbour_list("ijd", boxed, radii)
    n = len(atoms)
    bonded = np.isin(
        np.minimum(first, second) * n + np.maximum(first, second),
        pairs.min(axis=1) * n + pairs.max(axis=1),
    )
    numbers = atoms.numbers
    sums = covalent_radii[numbers[first]] + covalent_radii[numbers[second]]
    joined = METALS[numbers[first]] & METALS[numbers[second]] & (distance > METAL_BOND * sums)
    sound = bonded | joined
    if not sound.all():
        clash = int(np.argmin(sound))
        a, b = (name(numbers, int(k[clash])) for k in (first, second))
        raise UnsoundCluster(f"{a} and {b} of the cluster clash, {distance[clash]:.2f} Å apart")
