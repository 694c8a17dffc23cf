"""The bond graph of a structure, from covalent radii over periodic images."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, chemical_symbols, covalent_radii
from ase.geometry import find_mic
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from nearsight.blocks.base import UnsupportedFramework

TOLERANCE = 0.3
"""Å beyond the sum of covalent radii at which two atoms still count as bonded."""
STRETCH, SMALL = 0.2, 1.5
"""Å by which metals with a covalent radius below SMALL Å reach further for donors other than
carbon: their radii are of low spin, and Jahn-Teller's effect stretches some of their bonds."""
OVERLAP = 0.6
"""Fraction of the sum of covalent radii, and distance in Å, below which two atoms overlap."""
BEHIND = 0.2
"""Å, less covalent radii, by which an atom is farther from a metal than the donor before it."""

_NONMETALS = "H He B C N O F Ne Si P S Cl Ar Ge As Se Br Kr Te I Xe At Rn"

METALS: NDArray[np.bool_] = np.ones(len(chemical_symbols), dtype=bool)
"""(119,) whether the element of an atomic number is a metal."""
METALS[[0, *(atomic_numbers[symbol] for symbol in _NONMETALS.split())]] = False


def find_bonds(atoms: Atoms) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bonds of a periodic or finite structure, in a time linear in its atoms.

    Metals are not bonded to metals, hydrogens, or atoms behind their donors (the carbon of a
    chelating carboxylate); a hydrogen has one bond, to its nearest neighbour that is not a
    hydrogen.

    Returns
    -------
    pairs
        (n_bonds, 2) bonded atoms, first below second, in ascending order.
    shifts
        (n_bonds, 3) lattice vectors to add to the second atom to reach the bonded image.

    Raises
    ------
    UnsupportedFramework
        No atoms, a periodic direction without cell vector, coordinates that are not numbers,
        overlapping atoms, or a cell so small that atoms are bonded to several images of another.
    """
    _check_cell(atoms)
    numbers = atoms.numbers
    metal, hydrogen = METALS[numbers], numbers == 1
    radii = covalent_radii[numbers]
    reach = np.where(metal & (radii < SMALL), STRETCH, 0.0)
    first, second, distance, shifts = neighbour_list(
        "ijdS", _boxed(atoms), radii + reach + TOLERANCE / 2
    )
    sums = radii[first] + radii[second]
    _check_overlap(numbers, first, second, distance, sums)
    donors = ~(metal | (numbers == 6))
    stretch = reach[first] * donors[second] + reach[second] * donors[first]
    close = distance < sums + stretch + TOLERANCE
    first, second, distance, shifts = (x[close] for x in (first, second, distance, shifts))

    one, other = np.array([first, second]), np.array([second, first])
    bonded = ~(metal[one] & (metal | hydrogen)[other] | hydrogen[one] & hydrogen[other])
    first, second, distance, shifts = (
        x[bonded.all(axis=0)] for x in (first, second, distance, shifts)
    )
    nearest = np.full(len(numbers), np.inf)
    np.minimum.at(nearest, first, distance)
    limit = np.where(hydrogen, nearest, np.inf) + 1e-9
    kept = (distance <= limit[first]) & (distance <= limit[second]) & (first <= second)
    pairs, shifts, distance = np.column_stack([first, second])[kept], shifts[kept], distance[kept]
    order = np.lexsort(pairs.T[::-1])
    pairs, shifts = pairs[order].astype(np.int64), shifts[order].astype(np.int64)
    direct = ~_behind_donors(numbers, pairs, distance[order])
    pairs, shifts = pairs[direct], shifts[direct]
    _check_images(numbers, pairs)
    return pairs, shifts


def bond_shifts(atoms: Atoms, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Lattice shifts (n_bonds, 3) of the second atoms to the images nearest to the first.

    Serves frames of a system whose bonds `pairs` (n_bonds, 2) are known.
    """
    vectors = atoms.positions[pairs[:, 1]] - atoms.positions[pairs[:, 0]]
    nearest = find_mic(vectors, atoms.cell, atoms.pbc)[0].reshape(-1, 3)
    shifts = (nearest - vectors) @ np.linalg.inv(atoms.cell.complete())
    return np.asarray(np.rint(shifts), dtype=np.int64)


def count_neighbours(pairs: NDArray[np.int64], of: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of bonded neighbours (n_atoms,) that lie in the mask `of` (n_atoms,)."""
    ends = np.vstack([pairs, pairs[:, ::-1]])
    return np.asarray(np.bincount(ends[of[ends[:, 1]], 0], minlength=len(of)))


def name(numbers: NDArray[np.int64], atom: int) -> str:
    """How messages call an atom: "atom 12 (Zr)"."""
    return f"atom {atom} ({chemical_symbols[numbers[atom]]})"


def _behind_donors(
    numbers: NDArray[np.int64], pairs: NDArray[np.int64], distance: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Bonds (n_bonds,) of metals to atoms that a nearer donor holds."""
    n, metal = len(numbers), METALS[numbers]
    bonds = np.flatnonzero(metal[pairs].any(axis=1))
    flipped = metal[pairs[bonds, 1]]
    metals, others = np.where(flipped, *pairs[bonds, ::-1].T), np.where(flipped, *pairs[bonds].T)
    gaps = distance[bonds] - covalent_radii[numbers[others]]
    nearest = np.full(n, np.inf)
    np.minimum.at(nearest, metals, gaps)
    suspects = np.flatnonzero(gaps > nearest[metals] + BEHIND)

    ends = np.vstack([pairs, pairs[:, ::-1]])
    ends = ends[~metal[ends].any(axis=1)]
    ends = ends[np.argsort(ends[:, 0], kind="stable")]
    start, stop = np.searchsorted(ends[:, 0], [others[suspects], others[suspects] + 1])
    counts = stop - start
    of = np.repeat(suspects, counts)
    steps = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    donors = ends[np.repeat(start, counts) + steps, 1]

    keys, wanted = metals * n + others, metals[of] * n + donors
    order = np.argsort(keys)
    found = order[np.searchsorted(keys, wanted, sorter=order).clip(max=len(keys) - 1)]
    nearer = (keys[found] == wanted) & (gaps[found] < gaps[of] - BEHIND)
    behind = np.zeros(len(pairs), dtype=bool)
    behind[bonds[of[nearer]]] = True
    return behind


def _boxed(atoms: Atoms) -> Atoms:
    """The same atoms with a full cell and inside it along the directions that are not periodic."""
    if atoms.pbc.all():
        return atoms
    boxed = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    boxed.center(vacuum=1.0, axis=tuple(np.flatnonzero(~atoms.pbc)))
    return boxed


def _check_cell(atoms: Atoms) -> None:
    if len(atoms) == 0:
        raise UnsupportedFramework("the structure holds no atoms")
    if not np.isfinite(atoms.positions).all() or not np.isfinite(atoms.cell.array).all():
        raise UnsupportedFramework("some positions or cell vectors are not finite numbers")
    vectors = atoms.cell.array[atoms.pbc]
    if np.linalg.matrix_rank(vectors, tol=1e-3) < len(vectors):
        raise UnsupportedFramework(
            "the structure is periodic, but its cell vectors are missing or lie in a plane: "
            "give the cell in Å"
        )


def _check_overlap(
    numbers: NDArray[np.int64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    distance: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    overlapping = np.flatnonzero(distance < OVERLAP * np.maximum(sums, 1.0))
    if overlapping.size:
        worst = overlapping[np.argmin(distance[overlapping])]
        raise UnsupportedFramework(
            f"{name(numbers, first[worst])} and {name(numbers, second[worst])} overlap, "
            f"{distance[worst]:.2f} Å apart: keep one of each set of disordered or repeated sites"
        )


def _check_images(numbers: NDArray[np.int64], pairs: NDArray[np.int64]) -> None:
    repeated = (pairs[:, 0] == pairs[:, 1]) | np.append((np.diff(pairs, axis=0) == 0).all(1), False)
    if repeated.any():
        a, b = pairs[np.argmax(repeated)]
        raise UnsupportedFramework(
            f"{name(numbers, a)} is bonded to several periodic images of {name(numbers, b)}: "
            "repeat the cell"
        )
