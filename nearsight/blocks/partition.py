"""Frameworks taken apart at the single bonds between what holds the metals and the linkers."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.blocks.base import Blocks, UnsupportedFramework
from nearsight.blocks.bonds import METALS, count_neighbours, find_bonds, name
from nearsight.blocks.forest import components
from nearsight.blocks.images import endless_directions, whole_blocks
from nearsight.blocks.linkage import single_bonds
from nearsight.blocks.sanity import check_kind, check_valences


class General:
    """The rule of `partition`, behind the seam of partitions."""

    def blocks(self, atoms: Atoms) -> Blocks:
        """See `partition`."""
        return partition(atoms)


def partition(atoms: Atoms) -> Blocks:
    """Take a framework apart into bricks, linkers and guests (paper, Figure 5A).

    The single bonds that may be cut (see `single_bonds`) divide ligands into groups. A group that
    binds a metal (carboxylate, pyridyl, imidazolyl, phosphonate, ...) belongs to the metal's block;
    a seam is the bond between such a group and whatever comes next. What hangs at one seam only
    and holds no ring (the methyl of an acetate, the ethyls of a solvent) stays with its group.

    What hangs together without the seams is a block: a "brick" holds metals, a "linker" none, a
    "guest" has no seam. A brick without end is a "rod" or, in two directions, a "layer"; no
    cluster can hold it. Bonds belong to the system: find them once, on its start structure.

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
        No ordered and complete metal-organic framework, no such seams, blocks without end in all
        directions, or a cell so small that a block is joined to its own image.
    """
    check_kind(atoms)
    pairs, shifts = find_bonds(atoms)
    numbers = atoms.numbers
    vectors = atoms.positions[pairs[:, 1]] - atoms.positions[pairs[:, 0]]
    vectors += shifts @ atoms.cell.array
    check_valences(numbers, pairs, vectors)

    seam = _seams(numbers, pairs, np.linalg.norm(vectors, axis=1))
    labels = components(len(numbers), pairs[~seam])
    offsets = whole_blocks(labels, pairs[~seam], shifts[~seam])
    endless = endless_directions(labels, pairs[~seam], shifts[~seam], offsets)
    _check_endless(numbers, pairs[~seam], labels, endless)
    seam &= _parts_blocks(numbers, pairs, shifts, seam, labels, offsets, endless)
    if not seam.any():
        raise UnsupportedFramework(
            "no single bond between a group that binds a metal and the rest of its ligand could "
            f"be cut: {_joints(numbers, pairs, labels >= 0)} has to stay whole"
        )
    return Blocks(labels, _kinds(numbers, labels, pairs[seam], endless), pairs[seam], pairs)


def _seams(
    numbers: NDArray[np.int64], pairs: NDArray[np.int64], lengths: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Bonds (n_bonds,) between groups that bind metals and what comes next."""
    n, metal = len(numbers), METALS[numbers]
    single, ring = single_bonds(numbers, pairs, lengths)
    covalent = ~metal[pairs].any(axis=1)
    donor = ~metal & (count_neighbours(pairs, metal) > 0)
    groups = components(n, pairs[covalent & ~single])
    binding = (np.bincount(groups, donor) > 0)[groups]
    seam = single & binding[pairs].any(axis=1)

    bodies = components(n, pairs[covalent & ~seam])
    n_seams = np.bincount(bodies[pairs[seam]].ravel(), minlength=n)
    n_rings = np.bincount(bodies[pairs[ring, 0]], minlength=n)
    hanging = ~binding & ((n_seams == 1) & (n_rings == 0))[bodies]
    return np.asarray(seam & ~hanging[pairs].any(axis=1))


def _parts_blocks(
    numbers: NDArray[np.int64],
    pairs: NDArray[np.int64],
    shifts: NDArray[np.int64],
    seam: NDArray[np.bool_],
    labels: NDArray[np.int64],
    offsets: NDArray[np.int64],
    endless: dict[int, NDArray[np.int64]],
) -> NDArray[np.bool_]:
    """Bonds (n_bonds,) whose ends lie in different blocks: a ring through a metal joins others."""
    closing = seam & (labels[pairs[:, 0]] == labels[pairs[:, 1]])
    gaps = offsets[pairs[:, 0]] + shifts - offsets[pairs[:, 1]]
    for bond in np.flatnonzero(closing & gaps.any(axis=1)):
        along = endless.get(int(labels[pairs[bond, 0]]), np.zeros((1, 3), dtype=np.int64))
        if np.linalg.matrix_rank(np.vstack([along, gaps[bond]])) > np.linalg.matrix_rank(along):
            a, b = (name(numbers, int(atom)) for atom in pairs[bond])
            raise UnsupportedFramework(
                f"the bond between {a} and {b} joins a block to its own periodic image: "
                "repeat the cell twice along each of its vectors"
            )
    return np.asarray(~closing)


def _check_endless(
    numbers: NDArray[np.int64],
    pairs: NDArray[np.int64],
    labels: NDArray[np.int64],
    endless: dict[int, NDArray[np.int64]],
) -> None:
    for block, along in endless.items():
        if np.linalg.matrix_rank(along) == 3:
            inside = labels == block
            atom = int(np.flatnonzero(inside)[np.argmax(METALS[numbers[inside]])])
            raise UnsupportedFramework(
                f"the block of {name(numbers, atom)} runs without end in all directions: "
                f"{_joints(numbers, pairs, inside)} joins its metals, and no single bond between "
                "them could be cut"
            )


def _joints(numbers: NDArray[np.int64], pairs: NDArray[np.int64], inside: NDArray[np.bool_]) -> str:
    """Formula of the largest group in a mask (n_atoms,) that binds at least two metals."""
    metal = METALS[numbers]
    groups = components(len(numbers), pairs[~metal[pairs].any(axis=1)])
    hands = np.bincount(groups, count_neighbours(pairs, metal) * (inside & ~metal))
    sizes = np.bincount(groups) * (hands > 1)
    members = np.flatnonzero(groups == np.argmax(sizes))
    return str(Atoms(numbers[members]).get_chemical_formula()) if sizes.any() else "every ligand"


def _kinds(
    numbers: NDArray[np.int64],
    labels: NDArray[np.int64],
    seams: NDArray[np.int64],
    endless: dict[int, NDArray[np.int64]],
) -> tuple[str, ...]:
    n_blocks = int(labels.max()) + 1
    metallic = np.bincount(labels, METALS[numbers], n_blocks) > 0
    joined = np.bincount(labels[seams].ravel(), minlength=n_blocks) > 0
    kinds = np.select([~joined, metallic], ["guest", "brick"], "linker").tolist()
    for block, along in endless.items():
        kinds[block] = "rod" if np.linalg.matrix_rank(along) == 1 else "layer"
    return tuple(kinds)
