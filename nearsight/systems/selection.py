"""Blocks chosen by what they hold, what they are, whom they touch, or by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from nearsight.blocks import Blocks

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Selection:
    """A rule that picks blocks, for any framework; rules join with ``&``, ``|`` and ``~``.

    ``(kind("linker") & beside(element("Hf")) & chance(0.5, seed=1))(atoms, blocks)`` are about
    half of the linkers next to bricks with hafnium.

    Attributes
    ----------
    mask
        Which blocks (n_blocks,) of a framework the rule picks.
    """

    mask: Callable[[Atoms, Blocks], Mask]

    def __call__(self, atoms: Atoms, blocks: Blocks) -> NDArray[np.int64]:
        """Picked blocks, ascending."""
        return np.flatnonzero(self.mask(atoms, blocks))

    def __and__(self, other: Selection) -> Selection:
        return Selection(lambda atoms, blocks: self.mask(atoms, blocks) & other.mask(atoms, blocks))

    def __or__(self, other: Selection) -> Selection:
        return Selection(lambda atoms, blocks: self.mask(atoms, blocks) | other.mask(atoms, blocks))

    def __invert__(self) -> Selection:
        return Selection(lambda atoms, blocks: ~self.mask(atoms, blocks))


def element(symbol: str) -> Selection:
    """Blocks that hold an atom of an element."""
    if symbol not in atomic_numbers:
        raise ValueError(f"there is no element {symbol!r}: write it as in 'Zr'")

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        return _holding(blocks, atoms.numbers == atomic_numbers[symbol])

    return Selection(mask)


def kind(name: str) -> Selection:
    """Blocks of a kind: "brick", "linker", "guest", ..."""

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        if name not in blocks.kinds:
            known = ", ".join(sorted(set(blocks.kinds)))
            raise ValueError(f"no block is a {name!r}: the framework has blocks that are {known}")
        return np.asarray(np.array(blocks.kinds) == name)

    return Selection(mask)


def connectivity(*seams: int) -> Selection:
    """Blocks that so many seams join to others, for instance bricks of 11 linkers."""

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        counts = np.bincount(blocks.labels[blocks.seams].ravel(), minlength=len(blocks))
        return np.isin(counts, seams)

    return Selection(mask)


def beside(others: Selection) -> Selection:
    """Blocks that a seam joins to one of those that another rule picks."""

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        picked = others.mask(atoms, blocks)
        ends = blocks.labels[blocks.seams]
        near = np.zeros(len(blocks), dtype=bool)
        near[ends[picked[ends[:, 1]], 0]] = True
        near[ends[picked[ends[:, 0]], 1]] = True
        return near

    return Selection(mask)


def chance(probability: float, seed: int) -> Selection:
    """Each block with some probability; the same seed picks the same blocks of a framework."""
    if not 0 <= probability <= 1:
        raise ValueError(f"a probability of {probability:g} must lie between 0 and 1")

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        return np.random.default_rng(seed).random(len(blocks)) < probability

    return Selection(mask)


def these(*which: int) -> Selection:
    """Blocks by their numbers."""

    def mask(atoms: Atoms, blocks: Blocks) -> Mask:
        if not all(0 <= block < len(blocks) for block in which):
            raise ValueError(f"blocks {list(which)} must lie between 0 and {len(blocks) - 1}")
        return np.isin(np.arange(len(blocks)), which)

    return Selection(mask)


def _holding(blocks: Blocks, atoms: Mask) -> Mask:
    return np.asarray(np.bincount(blocks.labels[atoms], minlength=len(blocks)) > 0)
