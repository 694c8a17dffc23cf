"""Frameworks edited block by block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from nearsight.blocks import Blocks
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.cluster import cap_positions


def remove_blocks(atoms: Atoms, blocks: Blocks, which: int | Sequence[int]) -> Atoms:
    """Take blocks out and close the seams that they leave with hydrogen.

    Parameters
    ----------
    atoms
        The framework.
    blocks
        Its partition.
    which
        One or more block indices.

    Returns
    -------
    Atoms
        The atoms that stay, in their order and places, then the hydrogens, in the order of the
        seams. Without a linker two carboxylates become formates.

    Raises
    ------
    ValueError
        `blocks` is of another system, or `which` names no block.
    """
    gone_blocks = np.atleast_1d(np.asarray(which, dtype=np.int64))
    if len(atoms) != len(blocks.labels):
        raise ValueError(
            f"the blocks describe {len(blocks.labels)} atoms, the framework has {len(atoms)}"
        )
    if ((gone_blocks < 0) | (gone_blocks >= len(blocks))).any():
        raise ValueError(f"blocks {gone_blocks.tolist()} must lie between 0 and {len(blocks) - 1}")
    gone = np.isin(blocks.labels, gone_blocks)
    opened = blocks.seams[gone[blocks.seams].sum(axis=1) == 1]
    opened = np.where(gone[opened[:, :1]], opened[:, ::-1], opened)
    kept, lost = opened.T
    images = bond_shifts(atoms, opened) @ atoms.cell.array
    places = cap_positions(
        atoms.positions[kept], atoms.positions[lost] + images, atoms.numbers[kept]
    )
    caps = Atoms(np.ones(len(kept), dtype=int), positions=places, cell=atoms.cell, pbc=atoms.pbc)
    caps.wrap()
    return atoms[~gone] + caps
