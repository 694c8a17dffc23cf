"""Blocks that edits are asked for: checked, named, and how they hang in the framework."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.blocks import Blocks
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.images import whole_blocks

Indices = int | Sequence[int] | NDArray[np.int64]


def check_blocks(atoms: Atoms, blocks: Blocks, which: Indices) -> NDArray[np.int64]:
    """Block indices, ascending, once they are known to name blocks of this framework."""
    chosen = np.unique(np.atleast_1d(np.asarray(which, dtype=np.int64)))
    if len(atoms) != len(blocks.labels):
        raise ValueError(
            f"the blocks describe {len(blocks.labels)} atoms, the framework has {len(atoms)}"
        )
    if ((chosen < 0) | (chosen >= len(blocks))).any():
        raise ValueError(f"blocks {few(chosen)} must lie between 0 and {len(blocks) - 1}")
    return chosen


def few(blocks: NDArray[np.int64]) -> str:
    """The first five of many numbers, for messages."""
    told = ", ".join(map(str, blocks[:5].tolist()))
    return f"{told} and {len(blocks) - 5} more" if len(blocks) > 5 else told


def block_offsets(atoms: Atoms, blocks: Blocks) -> NDArray[np.int64]:
    """Lattice shifts (n_atoms, 3) that put every block in one piece."""
    bonds = blocks.bonds
    inner = blocks.labels[bonds[:, 0]] == blocks.labels[bonds[:, 1]]
    return whole_blocks(blocks.labels, bonds[inner], bond_shifts(atoms, bonds[inner]))


def holders(
    atoms: Atoms, blocks: Blocks, linkers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Outer and inner atoms (n_linkers, n_seams) of the seams that hold linkers."""
    seams = np.vstack([blocks.seams, blocks.seams[:, ::-1]])
    seams = seams[np.isin(blocks.labels[seams[:, 1]], linkers)]
    owners = blocks.labels[seams[:, 1]]
    order = np.argsort(owners, kind="stable")
    counts = np.bincount(owners, minlength=len(blocks))[linkers]
    if not len(linkers) or counts.min() != counts.max() or not counts.min():
        raise ValueError(
            f"blocks {few(linkers)} are held by {sorted(set(counts.tolist()))} seams: choose "
            "linkers that as many seams hold, at least one"
        )
    outer, inner = seams[order].reshape(len(linkers), -1, 2).transpose(2, 0, 1)
    return outer, inner
