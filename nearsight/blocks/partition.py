"""Carboxylate frameworks taken apart at the C-C bonds between carboxylates and linker bodies."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nearsight.blocks.base import Blocks, UnsupportedFramework
from nearsight.blocks.bonds import METALS, count_neighbours, find_bonds, name
from nearsight.blocks.images import whole_blocks

LINEAR = np.cos(np.deg2rad(150.0))
"""Cosine below which a carbon with two neighbours is taken for a linear one."""


class Carboxylate:
    """The rule of `partition`, behind the seam of partitions."""

    def blocks(self, atoms: Atoms) -> Blocks:
        """See `partition`."""
        return partition(atoms)


def partition(atoms: Atoms) -> Blocks:
    """Take a carboxylate framework apart into bricks, linkers and guests (paper, Figure 5A).

    A seam is the C-C bond that joins the carbon of a metal-bound carboxylate to another carbon.
    What hangs together without the seams is a block: a "brick" holds metal-bound carboxylates (or
    formates, where a linker is missing), a "linker" is the body at the other end of a seam, a
    "guest" has no seam. Bonds belong to the system: find them once, on its start structure.

    Parameters
    ----------
    atoms
        A periodic framework with its cell and all its hydrogens.

    Returns
    -------
    Blocks
        Numbered by their first atoms; `seams` and `bonds` with the lower index first.

    Raises
    ------
    UnsupportedFramework
        Not a metal-organic framework, no cell, no such seams, blocks without end (rods, layers),
        missing hydrogens or overlapping atoms.
    """
    numbers = atoms.numbers
    _check_kind(atoms)
    pairs, shifts = find_bonds(atoms)
    _check_valences(atoms, pairs, shifts)

    carboxyl = _metal_bound_carboxyls(numbers, pairs)
    if not carboxyl.any():
        raise UnsupportedFramework(
            "no carboxylate is bound to a metal: frameworks are taken apart between carboxylates "
            "and linker bodies, other linkages are not supported"
        )
    seam = carboxyl[pairs].any(axis=1) & (numbers[pairs] == 6).all(axis=1)
    labels = _components(len(numbers), pairs[~seam])
    # a chelating ligand closes a ring through the metal: cutting it would not part anything
    seam &= labels[pairs[:, 0]] != labels[pairs[:, 1]]
    if not seam.any():
        raise UnsupportedFramework(
            "no metal-bound carboxylate is joined to a linker body by a C-C bond that could be cut"
        )
    _check_finite(numbers, labels, pairs[~seam], shifts[~seam])

    n_blocks = int(labels.max()) + 1
    bricks = np.bincount(labels[carboxyl], minlength=n_blocks) > 0
    joined = np.bincount(labels[pairs[seam]].ravel(), minlength=n_blocks) > 0
    kinds = np.select([bricks, joined], ["brick", "linker"], "guest")
    return Blocks(labels, tuple(kinds.tolist()), pairs[seam], pairs)


def _check_kind(atoms: Atoms) -> None:
    present = set(atoms.numbers.tolist())
    if present and not METALS[sorted(present)].any():
        raise UnsupportedFramework("there are no metal atoms: this is no metal-organic framework")
    if present and not {6, 8} <= present:
        raise UnsupportedFramework(
            f"{atoms.get_chemical_formula()} holds no carboxylates: they take carbon and oxygen"
        )
    if present and not atoms.pbc.any():
        raise UnsupportedFramework(
            "the structure is not periodic: give the cell of the framework, and set pbc"
        )


def _metal_bound_carboxyls(
    numbers: NDArray[np.int64], pairs: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Carbons (n_atoms,) with one more neighbour than two oxygens of which a metal holds one."""
    metal = METALS[numbers]
    heavy = count_neighbours(pairs, ~metal & (numbers != 1))
    terminal = (numbers == 8) & (heavy == 1)
    held = terminal & (count_neighbours(pairs, metal) > 0)
    return np.asarray(
        (numbers == 6)
        & (count_neighbours(pairs, ~metal) == 3)
        & (count_neighbours(pairs, terminal) == 2)
        & (count_neighbours(pairs, held) > 0)
    )


def _components(n_atoms: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Connected piece (n_atoms,) of every atom, numbered by first atoms."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_atoms, n_atoms))
    labels = connected_components(graph.tocsr(), directed=False)[1]
    first = np.unique(labels, return_index=True)[1]
    return np.asarray(np.argsort(np.argsort(first))[labels], dtype=np.int64)


def _check_finite(
    numbers: NDArray[np.int64],
    labels: NDArray[np.int64],
    pairs: NDArray[np.int64],
    shifts: NDArray[np.int64],
) -> None:
    offsets = whole_blocks(labels, pairs, shifts)
    open_ends = (offsets[pairs[:, 0]] + shifts != offsets[pairs[:, 1]]).any(axis=1)
    if open_ends.any():
        endless = np.flatnonzero(labels == labels[pairs[np.argmax(open_ends), 0]])
        atom = int(endless[np.argmax(METALS[numbers[endless]])])
        raise UnsupportedFramework(
            f"the block of {name(numbers, atom)} runs without end through the periodic cell: rods, "
            "layers and bricks joined by more than carboxylates have no finite clusters"
        )


def _check_valences(atoms: Atoms, pairs: NDArray[np.int64], shifts: NDArray[np.int64]) -> None:
    numbers = atoms.numbers
    anything = np.ones(len(numbers), dtype=bool)
    degree = count_neighbours(pairs, anything)
    lone = (numbers == 1) & (degree == 0)
    if lone.any():
        raise UnsupportedFramework(
            f"{name(numbers, int(np.argmax(lone)))} is bonded to nothing: hydrogen molecules, "
            "hydrides and stray hydrogens are not supported"
        )
    crowded = (numbers == 6) & (count_neighbours(pairs, ~METALS[numbers]) > 4)
    if crowded.any():
        raise UnsupportedFramework(
            f"{name(numbers, int(np.argmax(crowded)))} has more than four neighbours: "
            "keep one of each set of disordered sites"
        )
    vectors = (
        atoms.positions[pairs[:, 1]] - atoms.positions[pairs[:, 0]] + shifts @ atoms.cell.array
    )
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    # two unit vectors add up to a squared length of 2 + 2 cos(angle)
    total = np.stack(
        [
            np.bincount(pairs[:, 0], vectors[:, k], len(numbers))
            - np.bincount(pairs[:, 1], vectors[:, k], len(numbers))
            for k in range(3)
        ]
    )
    bent = (numbers == 6) & (degree == 2) & ((total**2).sum(axis=0) > 2 + 2 * LINEAR)
    if bent.any():
        raise UnsupportedFramework(
            f"{name(numbers, int(np.argmax(bent)))} has only two neighbours, at an angle: "
            "hydrogens, or the cell that closes the bonds, seem to be missing"
        )
