"""The block graph of a frame over periodic images."""

from __future__ import annotations

from collections import deque
from itertools import product

import numpy as np
from ase import Atoms
from ase.geometry import find_mic
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from nearsight.blocks.base import Blocks
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.images import whole_blocks

Shift = tuple[int, int, int]
Place = tuple[int, Shift]
"""A block, and the lattice vector of the image that is meant."""


class BlockGraph:
    """The block graph of a frame over periodic images, made once for any number of clusters.

    Attributes
    ----------
    atoms, blocks
        The frame, which must not change, and the partition of its system.
    offsets
        (n_atoms, 3) lattice shifts that put every block in one piece.
    rank
        (n_atoms,) place of every atom among the members of its block.
    pairs
        (n_seams, 2) bonded atoms whose bond is cut, first below second.
    """

    def __init__(self, atoms: Atoms, blocks: Blocks) -> None:
        self.atoms, self.blocks = atoms, blocks
        labels, n = blocks.labels, len(atoms)
        shifts = bond_shifts(atoms, blocks.bonds)
        crossing = np.isin(_keys(blocks.bonds, n), _keys(blocks.seams, n))
        inner = blocks.bonds[~crossing]
        self.pairs = blocks.bonds[crossing]
        self.offsets = whole_blocks(labels, inner, shifts[~crossing])
        self._ends = labels[self.pairs]
        self._hops = self.offsets[self.pairs[:, 0]] + shifts[crossing]
        self._hops -= self.offsets[self.pairs[:, 1]]

        self._atoms, self._first_atom = _sort(labels, len(blocks))
        self.rank = np.empty(n, dtype=np.int64)
        self.rank[self._atoms] = np.arange(n) - self._first_atom[labels[self._atoms]]
        order, self._first_bond = _sort(labels[inner[:, 0]], len(blocks))
        self._bonds = self.rank[inner[order]]
        self._exits, self._first_exit = _sort(self._ends.T.ravel(), len(blocks))

    def members(self, block: int) -> NDArray[np.int64]:
        """Indices of the atoms of `block`, ascending."""
        return self._atoms[self._first_atom[block] : self._first_atom[block + 1]]

    def bonds(self, block: int) -> NDArray[np.int64]:
        """Bonds (n, 2) within `block`, between ranks of atoms."""
        return self._bonds[self._first_bond[block] : self._first_bond[block + 1]]

    def leaving(self, place: Place) -> list[tuple[int, int, Place]]:
        """Seam, its end in `place` (0 or 1), and where it leads, for all seams of a block."""
        block, shift = place
        exits = self._exits[self._first_exit[block] : self._first_exit[block + 1]]
        ends, seams = np.divmod(exits, max(len(self.pairs), 1))
        there = self._ends[seams, 1 - ends].tolist()
        images = shift + np.where(ends == 0, 1, -1)[:, None] * self._hops[seams]
        places = zip(there, map(tuple, images.tolist()), strict=True)
        return list(zip(seams.tolist(), ends.tolist(), places, strict=True))

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


def places_within(graph: BlockGraph, core: list[Place], radius: float) -> list[Place]:
    """Places outside the core that have an atom within `radius` Å of an atom of the core."""
    centres = np.vstack([_place_positions(graph, place) for place in core])
    low, high = centres.min(axis=0) - radius, centres.max(axis=0) + radius
    cell, pbc = graph.atoms.cell.complete().array, graph.atoms.pbc
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)
    inverse = np.linalg.inv(cell)
    scaled = graph.atoms.positions @ inverse
    first = np.floor((corners @ inverse).min(axis=0) - scaled.max(axis=0)).astype(int)
    last = np.ceil((corners @ inverse).max(axis=0) - scaled.min(axis=0)).astype(int)
    ranges = [range(a, b + 1) if p else range(1) for a, b, p in zip(first, last, pbc, strict=True)]
    tree = cKDTree(centres)
    found: list[Place] = []
    for image in product(*ranges):
        positions = graph.atoms.positions + np.array(image) @ cell
        inside = np.flatnonzero(((positions >= low) & (positions <= high)).all(axis=1))
        near = inside[np.isfinite(tree.query(positions[inside], distance_upper_bound=radius)[0])]
        blocks, shifts = graph.blocks.labels[near], np.array(image) - graph.offsets[near]
        found += zip(blocks.tolist(), map(tuple, shifts.tolist()), strict=True)
    return [place for place in dict.fromkeys(sorted(found)) if place not in core]


def _place_positions(graph: BlockGraph, place: Place) -> NDArray[np.float64]:
    members = graph.members(place[0])
    return graph.positions(members, np.broadcast_to(place[1], (len(members), 3)))


def _nearest_image(graph: BlockGraph, home: int, guest: int) -> Shift:
    here, there = (_place_positions(graph, (block, (0, 0, 0))) for block in (home, guest))
    vectors = (there[None] - here[:, None]).reshape(-1, 3)
    nearest, lengths = find_mic(vectors, graph.atoms.cell, graph.atoms.pbc)
    closest = np.argmin(lengths)
    lattice = nearest[closest] - vectors[closest]
    a, b, c = np.rint(lattice @ np.linalg.inv(graph.atoms.cell.complete())).astype(int).tolist()
    return a, b, c


def _keys(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    return np.asarray(pairs.min(axis=1) * n + pairs.max(axis=1))


def _sort(owners: NDArray[np.int64], n_owners: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices sorted by owner, and where each owner's begin (n_owners + 1,)."""
    order = np.argsort(owners, kind="stable")
    return order, np.searchsorted(owners[order], np.arange(n_owners + 1))
