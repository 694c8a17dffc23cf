"""The net of a framework: which blocks hang together, and in how many directions of space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from nearsight.blocks import Blocks
from nearsight.blocks.bonds import bond_shifts
from nearsight.blocks.images import whole_blocks


@dataclass(frozen=True)
class Net:
    """Blocks of a framework without defects as the nodes of a periodic graph.

    Attributes
    ----------
    bricks, linkers
        (n_blocks,) masks.
    endless
        (n_blocks,) blocks that go on for ever on their own: rods and layers.
    ends
        (n_seams, 2) blocks that every seam joins.
    hops
        (n_seams, 3) lattice vectors from the whole first block to the image of the second.
    centres
        (n_blocks, 3) mean positions of the whole blocks in Å.
    cell
        (3, 3) in Å, rows are cell vectors.
    """

    bricks: NDArray[np.bool_]
    linkers: NDArray[np.bool_]
    endless: NDArray[np.bool_]
    ends: NDArray[np.int64]
    hops: NDArray[np.int64]
    centres: NDArray[np.float64]
    cell: NDArray[np.float64]

    @classmethod
    def of(cls, atoms: Atoms, blocks: Blocks) -> Net:
        """The net of a framework that was partitioned."""
        labels, bonds = blocks.labels, blocks.bonds
        shifts = bond_shifts(atoms, bonds)
        inner = labels[bonds[:, 0]] == labels[bonds[:, 1]]
        offsets = whole_blocks(labels, bonds[inner], shifts[inner])
        whole = atoms.positions + offsets @ atoms.cell.array
        sizes = np.bincount(labels)
        centres = [np.bincount(labels, x) / sizes for x in whole.T]
        seams = bonds[~inner]
        kinds = np.array(blocks.kinds)
        return cls(
            bricks=kinds == "brick",
            linkers=kinds == "linker",
            endless=(kinds == "rod") | (kinds == "layer"),
            ends=labels[seams],
            hops=offsets[seams[:, 0]] + shifts[~inner] - offsets[seams[:, 1]],
            centres=np.stack(centres, axis=1),
            cell=atoms.cell.array,
        )

    def __len__(self) -> int:
        return len(self.bricks)

    def vectors(self) -> NDArray[np.float64]:
        """From the centre of every seam's first block to that of its second, (n_seams, 3) in Å."""
        first, second = self.centres[self.ends].transpose(1, 0, 2)
        return np.asarray(second + self.hops @ self.cell - first)

    def coordination(self, missing: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """Seams (n_blocks,) of every block to blocks that are not `missing` (n_blocks,)."""
        gone = np.zeros(len(self), dtype=bool) if missing is None else missing
        kept = self.ends[~gone[self.ends].any(axis=1)]
        return np.asarray(np.bincount(kept.ravel(), minlength=len(self)))

    def around(self, blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Linkers (n_blocks,) that a seam joins to one of `blocks` (n_blocks,)."""
        near = np.zeros(len(self), dtype=bool)
        near[self.ends[blocks[self.ends].any(axis=1)]] = True
        return near & self.linkers

    def stranded(self, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Blocks (n_blocks,) that hang on no endless piece once others are `missing` (n_blocks,).

        Guests, which never hung on anything, are not among them.
        """
        labels, pieces, closures = self._pieces(missing)
        endless = np.zeros(len(self), dtype=bool)
        endless[pieces[closures.any(axis=1)]] = True
        endless[labels[self.endless]] = True
        held = np.bincount(self.ends.ravel(), minlength=len(self)) > 0
        return np.asarray(held & ~missing & ~endless[labels])

    def dimensions(self, missing: NDArray[np.bool_]) -> int:
        """Directions of space, 0 to 3, in which every piece that is left goes on for ever."""
        _, pieces, closures = self._pieces(missing)
        return min(
            (int(np.linalg.matrix_rank(closures[pieces == piece])) for piece in np.unique(pieces)),
            default=0,
        )

    def _pieces(
        self, missing: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Piece (n_blocks,) of every block, and piece (n_kept,) and mismatch (n_kept, 3) of seams.

        The mismatch is the lattice vector by which a ring through the seam fails to close.
        """
        kept = ~missing[self.ends].any(axis=1)
        ends, hops, n = self.ends[kept], self.hops[kept], len(self)
        graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), (n, n))
        labels = connected_components(graph.tocsr(), directed=False)[1].astype(np.int64)
        offsets = whole_blocks(labels, ends, hops)
        return labels, labels[ends[:, 0]], offsets[ends[:, 0]] + hops - offsets[ends[:, 1]]
