"""Frameworks edited block by block: blocks removed, linkers turned."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from nearsight.blocks import Blocks, find_bonds
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.cluster import cap_positions
from nearsight.systems.choice import Indices, block_offsets, check_blocks, few, holders
from nearsight.systems.net import Net


def remove_blocks(atoms: Atoms, blocks: Blocks, which: Indices) -> Atoms:
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
        `blocks` is of another system, `which` names no block, or other blocks would be left
        hanging on nothing.
    """
    gone_blocks = check_blocks(atoms, blocks, which)
    missing = np.isin(np.arange(len(blocks)), gone_blocks)
    stranded = np.flatnonzero(Net.of(atoms, blocks).stranded(missing))
    if len(stranded):
        raise ValueError(
            f"without blocks {few(gone_blocks)} the framework would no longer hold blocks "
            f"{few(stranded)} ({blocks.kinds[stranded[0]]}): remove fewer, or these, too"
        )
    gone = missing[blocks.labels]
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


def rotate_linkers(atoms: Atoms, blocks: Blocks, which: Indices, angle: float) -> Atoms:
    """Turn linkers about the axes between the two bricks that they join.

    Parameters
    ----------
    atoms, blocks
        The framework and its partition.
    which
        One or more linkers that two seams hold.
    angle
        In degrees, right-handed about the axis from the seam found first to the other.

    Raises
    ------
    ValueError
        A block is not held by two seams, or atoms would come so near to others that they bond.
    """
    turned = check_blocks(atoms, blocks, which)
    carbons, inner = holders(atoms, blocks, turned)
    whole = atoms.positions + block_offsets(atoms, blocks) @ atoms.cell.array
    if carbons.shape[1] != 2:
        raise ValueError(f"blocks {few(turned)} are held by {carbons.shape[1]} seams: no axis")
    start, end = whole[inner].transpose(1, 0, 2)
    axis = (end - start) / np.linalg.norm(end - start, axis=1, keepdims=True)
    seat = np.zeros(len(blocks), dtype=np.int64)
    seat[turned] = np.arange(len(turned))
    moving = np.flatnonzero(np.isin(blocks.labels, turned))
    row = seat[blocks.labels[moving]]
    arm, about, turn = whole[moving] - start[row], axis[row], np.deg2rad(angle)
    along = (arm * about).sum(axis=1, keepdims=True) * about
    after = along + np.cos(turn) * (arm - along) + np.sin(turn) * np.cross(about, arm)
    edited = atoms.copy()
    edited.positions[moving] += after - arm
    before, after = (
        np.isin(pairs, moving).any(axis=1).sum() for pairs in (blocks.bonds, find_bonds(edited)[0])
    )
    if before != after:
        raise ValueError(
            "the linkers cannot turn so far: their atoms would come within the length of a bond of "
            "others"
        )
    return edited
