"""How a framework gives way: its cell, its bricks, its linkers, its symmetry (paper, SI.9.4)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import spglib
from ase import Atoms
from numpy.typing import NDArray
from scipy.linalg import polar

from nearsight.blocks import Blocks, UnsupportedFramework, find_bonds, partition
from nearsight.blocks.images import whole_blocks
from nearsight.mechanics.points import Array

os.environ.setdefault("SPGLIB_WARNING", "OFF")  # of structures without symmetry, to the terminal

SYMMETRY_TOLERANCE = 0.3
"""Å; how far atoms of an averaged structure may lie from where a symmetry wants them."""

LIBRATION = 0.7
"""Å; the same in a framework, whose linkers swing about their axes too slowly for averages of a few
ps: what they leave is less, and what bricks do that turn is more."""


@dataclass(frozen=True)
class Deformation:
    """A structure held against a reference.

    Attributes
    ----------
    lengths, angles
        (3,) of the cell: a, b, c in Å, and alpha, beta, gamma in degrees.
    anisotropy
        Largest difference of the principal stretches of the cell that its volume does not
        explain: 0 where it is only larger or smaller.
    shear
        Largest change of an angle of the cell, degrees.
    rotations
        (n_bricks,) angle that each brick has turned relative to the cell, degrees.
    bends
        (n_linkers,) how much more than in the reference each linker is bent, degrees: 180°
        minus the angle that the atoms that hold its two ends span at its middle, the mean of its
        atoms but hydrogens. Of more ends than two, the pair that is least bent counts.
    space_group
        Symbol and number, such as "Fm-3m (225)", within `LIBRATION`, or
        within `SYMMETRY_TOLERANCE` where there are no bodies.
    operations
        Number of symmetry operations of the cell as it stands, translations included.
    """

    lengths: Array
    angles: Array
    anisotropy: float
    shear: float
    rotations: Array
    bends: Array
    space_group: str
    operations: int


class Bodies(NamedTuple):
    """Bricks and linkers of a framework.

    Attributes
    ----------
    blocks
        Found on its start structure.
    offsets
        (n_atoms, 3) lattice vectors that make every block one piece.
    """

    blocks: Blocks
    offsets: NDArray[np.int64]


def bodies_of(start: Atoms) -> Bodies | None:
    """Bricks and linkers of a start structure; None where there are none, as in a metal."""
    try:
        blocks = partition(start)
    except UnsupportedFramework:
        return None
    pairs, shifts = find_bonds(start)
    inside = blocks.labels[pairs[:, 0]] == blocks.labels[pairs[:, 1]]
    return Bodies(blocks, whole_blocks(blocks.labels, pairs[inside], shifts[inside]))


def deformation(reference: Atoms, atoms: Atoms, bodies: Bodies | None) -> Deformation:
    """Hold an averaged structure against a reference.

    Parameters
    ----------
    reference, atoms
        The same atoms in the same order, each moved continuously from one to the other: not
        wrapped into the cell in between.
    bodies
        Of the start structure that both come from.
    """
    gradient = np.linalg.solve(reference.cell.array, atoms.cell.array)
    rotation, stretch = polar(gradient)
    stretches = np.linalg.eigvalsh(stretch)
    stretches = stretches / np.cbrt(np.prod(stretches))
    angles = np.abs(atoms.cell.angles() - reference.cell.angles())
    rotations, bends = [], []
    if bodies is not None:
        blocks = bodies.blocks
        before, after = (a.positions + bodies.offsets @ a.cell.array for a in (reference, atoms))
        for block, kind in enumerate(blocks.kinds):
            members = blocks.members(block)
            if kind == "brick":
                rotations.append(_turn(before[members] @ rotation, after[members]))
            elif kind == "linker":
                ends = _ends(blocks, block)
                bends.append(_bend(atoms, after, members, ends))
                bends[-1] -= _bend(reference, before, members, ends)
    symbol, operations = _symmetry(atoms, SYMMETRY_TOLERANCE if bodies is None else LIBRATION)
    return Deformation(
        lengths=atoms.cell.lengths(),
        angles=atoms.cell.angles(),
        anisotropy=float(stretches.max() - stretches.min()),
        shear=float(angles.max()),
        rotations=np.array(rotations, dtype=np.float64),
        bends=np.array(bends, dtype=np.float64),
        space_group=symbol,
        operations=operations,
    )


def _turn(before: Array, after: Array) -> float:
    """Angle in degrees between two shapes (n, 3) of a block (Kabsch)."""
    left, _, right = np.linalg.svd((before - before.mean(axis=0)).T @ (after - after.mean(axis=0)))
    right[-1] *= np.sign(np.linalg.det(left @ right))
    return float(np.degrees(np.arccos(np.clip((np.trace(left @ right) - 1) / 2, -1, 1))))


def _ends(blocks: Blocks, block: int) -> NDArray[np.int64]:
    """(n_ends, 2): where a linker is held, its own atom and the one across the seam."""
    mine = blocks.labels[blocks.seams] == block
    seams, mine = blocks.seams[mine.any(axis=1)], mine[mine.any(axis=1)]
    ends: NDArray[np.int64] = np.where(mine[:, :1], seams, seams[:, ::-1])
    return ends


def _bend(atoms: Atoms, whole: Array, members: NDArray[np.int64], ends: NDArray[np.int64]) -> float:
    """Smallest over the pairs of ends of 180° minus the angle that they span at the middle."""
    if len(ends) < 2:
        return 0.0
    middle = whole[members[atoms.numbers[members] != 1]].mean(axis=0)
    own = whole[ends[:, 0]]
    across = (atoms.positions[ends[:, 1]] - own) @ np.linalg.inv(atoms.cell.array)
    arms = own + (across - np.round(across)) @ atoms.cell.array - middle
    arms /= np.linalg.norm(arms, axis=1)[:, None]
    cosines = (arms @ arms.T)[np.triu_indices(len(ends), 1)]
    return float(180.0 - np.degrees(np.arccos(np.clip(cosines.min(), -1.0, 1.0))))


def _symmetry(atoms: Atoms, tolerance: float) -> tuple[str, int]:
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    try:
        found = spglib.get_symmetry_dataset(cell, symprec=tolerance)
    except spglib.SpglibError:  # newer versions raise where older ones return None
        found = None
    if found is None:
        return "P1 (1)", 1
    return f"{found.international} ({found.number})", len(found.rotations)
