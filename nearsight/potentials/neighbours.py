"""Neighbours of one structure after another; along a walk, one list serves many steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from ase import Atoms
from matscipy.neighbours import neighbour_list


@dataclass(frozen=True)
class Edges:
    """Ordered pairs of atoms, sorted by first atom, second atom and image.

    Attributes
    ----------
    pairs
        (2, n_edges) first and second atoms.
    shifts
        (n_edges, 3) cell vectors by which the second atom is moved.
    """

    pairs: torch.Tensor
    shifts: torch.Tensor

    def to(self, device: str) -> Edges:
        """The same, there."""
        return Edges(self.pairs.to(device), self.shifts.to(device))


class Neighbours:
    """Pairs within a cutoff.

    For a structure that is close to the one before, as along a walk, the list reaches further by
    a skin, and serves for as long as no pair that it lacks can have come within the cutoff. What
    is found depends on the structure alone, its order too, never on what was asked before.

    Parameters
    ----------
    cutoff, skin
        Å.
    device
        Where the pairs are to be: a list with a skin is kept there, and sifted there.
    """

    def __init__(self, cutoff: float, skin: float = 0.6, device: str = "cpu") -> None:
        self.cutoff = cutoff
        self.skin = skin
        self.device = device
        self._last: Atoms | None = None
        self._made: tuple[Atoms, float, Edges] | None = None

    def find(self, atoms: Atoms) -> Edges:
        """Every pair of `atoms` within the cutoff, in both directions."""
        made = self._made
        if made is None or self._skin_needed(made[0], atoms) > made[1]:
            walks = self._last is not None and self._skin_needed(self._last, atoms) <= self.skin
            skin = self.skin if walks else 0.0
            made = atoms.copy(), skin, _within(atoms, self.cutoff + skin).to(self.device)
            self._made = made
        self._last = atoms.copy()
        edges = made[2]
        x, cell = (torch.tensor(a, device=self.device) for a in (atoms.positions, atoms.cell.array))
        first, second = edges.pairs
        vectors = x.index_select(0, second) - x.index_select(0, first) + edges.shifts @ cell
        near = (torch.linalg.vector_norm(vectors, dim=1) < self.cutoff).nonzero()[:, 0]
        return Edges(edges.pairs.index_select(1, near), edges.shifts.index_select(0, near))

    def _skin_needed(self, made: Atoms, atoms: Atoms) -> float:
        """Skin in Å with which a list of `made` holds every pair of `atoms` within the cutoff.

        With positions x0 and cell h0 then, and x = x0 F + u, F = h0⁻¹ h now, a pair at distance d
        was no further apart than ``|F⁻¹| (d + 2 max |u|)``.
        """
        if not np.array_equal(made.numbers, atoms.numbers) or (made.pbc != atoms.pbc).any():
            return np.inf
        deformation = np.eye(3)
        if not np.array_equal(made.cell.array, atoms.cell.array):
            if min(made.cell.rank, atoms.cell.rank) < 3:
                return np.inf
            deformation = np.linalg.solve(made.cell.array, atoms.cell.array)
        shrinks = np.linalg.svd(deformation, compute_uv=False)[-1]
        moved = np.linalg.norm(atoms.positions - made.positions @ deformation, axis=1).max()
        return float((self.cutoff + 2.0 * moved) / shrinks - self.cutoff)


def _within(atoms: Atoms, cutoff: float) -> Edges:
    first, second, shifts = neighbour_list(
        "ijS",
        positions=atoms.positions,
        cell=atoms.cell.complete().array,
        pbc=atoms.pbc,
        cutoff=cutoff,
    )
    base = 2 * np.abs(shifts).max(initial=0) + 1
    image = shifts @ np.array([base**2, base, 1], dtype=np.int64)
    order = np.argsort((first.astype(np.int64) * len(atoms) + second) * base**3 + image)
    pairs = np.stack([first[order], second[order]])
    return Edges(
        torch.from_numpy(pairs.astype(np.int64)),
        torch.from_numpy(shifts[order].astype(np.float64)),
    )
