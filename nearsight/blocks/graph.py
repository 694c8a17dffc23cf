"""The block graph of a frame over periodic images."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from numpy.typing import NDArray

from nearsight.blocks.base import Blocks
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.images import whole_blocks

Shift = tuple[int, int, int]
Place = tuple[int, Shift]
"""A block, and the lattice vector of the image that is meant."""


class BlockGraph:
    """The block graph of a frame over periodic images."""

    def __init__(self, atoms: Atoms, blocks: Blocks) -> None:
        self.atoms, self.blocks = atoms, blocks
        shifts = bond_shifts(atoms, blocks.bonds)
        n = len(atoms)
        self.crossing = np.isin(_keys(blocks.bonds, n), _keys(blocks.seams, n))
        self.pairs = blocks.bonds[self.crossing]
        inner = ~self.crossing
        self.offsets = whole_blocks(blocks.labels, blocks.bonds[inner], shifts[inner])
        self.ends = blocks.labels[self.pairs]
        self.hops = self.offsets[self.pairs[:, 0]] + shifts[self.crossing]
        self.hops -= self.offsets[self.pairs[:, 1]]

    def leaving(self, place: Place) -> Iterator[tuple[int, int, Place]]:
        """Seam, its end in `place` (0 or 1), and where it leads."""
        block, shift = place
        for end, sign in ((0, 1), (1, -1)):
            for seam in np.flatnonzero(self.ends[:, end] == block):
                yield (
                    int(seam),
                    end,
                    (int(self.ends[seam, 1 - end]), _shift(shift + sign * self.hops[seam])),
                )

    def positions(
        self, indices: NDArray[np.int64], shifts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Positions (n, 3) in Å of atoms (n,) in images (n, 3) of their whole blocks."""
        lattice = (self.offsets[indices] + shifts) @ self.atoms.cell.array
        return np.asarray(self.atoms.positions[indices] + lattice)


def seats(graph: BlockGraph, core: list[int]) -> list[Place]:
    """One image of every core block: along seams from the first, else the nearest to it."""
    taken: dict[int, Shift] = {core[0]: (0, 0, 0)}
    queue = deque([core[0]])
    for block in core:
        while queue and block not in taken:
            here = queue.popleft()
            for _, _, (there, shift) in graph.leaving((here, taken[here])):
                if there not in taken:
                    taken[there] = shift
                    queue.append(there)
        if block not in taken:
            taken[block] = _nearest_image(graph, core[0], block)
            queue.append(block)
    return [(block, taken[block]) for block in core]


def _nearest_image(graph: BlockGraph, home: int, guest: int) -> Shift:
    here, there = (
        graph.positions(graph.blocks.members(block), np.zeros(3, dtype=np.int64))
        for block in (home, guest)
    )
    vectors = (there[None] - here[:, None]).reshape(-1, 3)
    nearest, lengths = find_mic(vectors, graph.atoms.cell, graph.atoms.pbc)
    closest = np.argmin(lengths)
    lattice = nearest[closest] - vectors[closest]
    return _shift(np.rint(lattice @ np.linalg.inv(graph.atoms.cell.complete())))


def _keys(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.asarray(pairs.min(axis=1) * n + pairs.max(axis=1))


def _shift(vector: NDArray[np.int64] | NDArray[np.float64]) -> Shift:
    a, b, c = (int(x) for x in vector)
    return a, b, c
