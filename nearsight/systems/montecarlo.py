"""Disorder in thermal equilibrium: Metropolis on swaps of defects (paper, Section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import comb, exp, isfinite

import numpy as np
from ase import Atoms
from ase.units import kB
from numpy.typing import NDArray

from nearsight.blocks import Blocks
from nearsight.systems.defects import ZIRCONIUM, Defects
from nearsight.systems.net import Net

Energy = Callable[[Defects], float]
"""Energy in eV of a configuration of defects; `Net.of` tells which blocks are neighbours."""

_Proposal = tuple[Defects, float] | None
"""Another configuration, and how many times likelier it is proposed from here than back."""


def metropolis(
    atoms: Atoms,
    blocks: Blocks,
    start: Defects,
    energy: Energy,
    temperature: float,
    steps: int,
    seed: int = 0,
) -> Iterator[tuple[Defects, float]]:
    """Walk through configurations of defects as often as their Boltzmann factors say.

    A step swaps a missing linker with another, or a missing brick, its linkers and its metals with
    another brick, or an Hf with a Zr. Numbers of bricks, linkers and Hf stay what they are, and
    nothing is ever stranded.

    Parameters
    ----------
    atoms, blocks
        The framework without defects and its partition.
    start
        The first configuration, for instance of `draw`.
    energy
        Energy in eV of a configuration; one that is infinite is never taken.
    temperature
        In K.
    steps
        How many swaps are tried.
    seed
        The same seed walks the same way.

    Yields
    ------
    Defects, float
        After every step the configuration and its energy in eV.

    Raises
    ------
    ValueError
        The temperature is not above zero, the start has an energy that is no finite number, or no
        defects that could be swapped.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature of {temperature:g} K is not above zero")
    swaps = _Swaps(atoms, blocks, np.random.default_rng(seed))
    moves = swaps.possible(start)
    if not moves:
        raise ValueError("the start has no defects that could be swapped with anything")
    here, cost = start, energy(start)
    if not isfinite(cost):
        raise ValueError(f"the energy of the start is {cost}, not a finite number of eV")
    for _ in range(steps):
        proposal = moves[swaps.rng.integers(len(moves))](here)
        if proposal is not None:
            there, bias = proposal
            price = energy(there)
            if np.isnan(price):
                raise ValueError("the energy of a configuration is not a number")
            if swaps.rng.random() < exp(min(100.0, (cost - price) / (kB * temperature))) / bias:
                here, cost = there, price
        yield here, cost


class _Swaps:
    """Proposals of neighbouring configurations."""

    def __init__(self, atoms: Atoms, blocks: Blocks, rng: np.random.Generator) -> None:
        self.net, self.rng = Net.of(atoms, blocks), rng
        self.home = blocks.labels
        self.sites = np.flatnonzero(atoms.numbers == ZIRCONIUM)

    def possible(self, start: Defects) -> list[Callable[[Defects], _Proposal]]:
        """Moves that keep having something to swap."""
        bricks = start.missing[self.net.bricks]
        linkers = start.missing[self.net.linkers]
        loose = self._loose(start.missing)
        hafnium = start.hafnium[self.sites]
        there = ~start.missing[self.home[self.sites]]
        return [
            move
            for move, makes_sense in (
                (self.linker, loose.any() and not linkers.all()),
                (self.brick, bricks.any() and not bricks.all()),
                (self.metal, hafnium.any() and not hafnium[there].all()),
            )
            if makes_sense
        ]

    def linker(self, here: Defects) -> _Proposal:
        """A missing linker between two bricks comes back, another goes."""
        missing = here.missing.copy()
        missing[self._any(self._loose(missing))] = False
        missing[self._any(self.net.linkers & ~here.missing)] = True
        return self._if_whole(Defects(missing, here.hafnium), 1.0)

    def brick(self, here: Defects) -> _Proposal:
        """A missing brick comes back with as many linkers as another takes away."""
        net, missing = self.net, here.missing.copy()
        back = self._any(net.bricks & here.missing)
        away = self._any(net.bricks & ~here.missing)
        missing[back], missing[away] = False, True
        home, left = self._around(back), self._around(away)
        count = int((~here.missing[left]).sum())
        missing[left] = True
        seats = home[self._loose(missing)[home]]
        seats_back = left[self._loose(here.missing | _mask(left, len(net)))[left]]
        if count > len(seats):
            return None
        missing[self.rng.permutation(seats)[:count]] = False
        metals, vacant = (self.sites[self.home[self.sites] == block] for block in (away, back))
        if len(metals) != len(vacant):
            return None
        hafnium = here.hafnium.copy()
        hafnium[vacant], hafnium[metals] = hafnium[metals], False
        bias = comb(len(seats_back), count) / comb(len(seats), count)
        return self._if_whole(Defects(missing, hafnium), bias)

    def metal(self, here: Defects) -> _Proposal:
        """A Hf and a Zr change places."""
        there = self.sites[~here.missing[self.home[self.sites]]]
        hafnium = here.hafnium.copy()
        zirconium = self.rng.choice(there[~hafnium[there]])
        hafnium[self.rng.choice(there[hafnium[there]])] = False
        hafnium[zirconium] = True
        return Defects(here.missing, hafnium), 1.0

    def _any(self, mask: NDArray[np.bool_]) -> int:
        return int(self.rng.choice(np.flatnonzero(mask)))

    def _around(self, block: int) -> NDArray[np.int64]:
        return np.flatnonzero(self.net.around(_mask(np.array([block]), len(self.net))))

    def _loose(self, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Missing linkers (n_blocks,) whose bricks are all there."""
        return missing & self.net.linkers & ~self.net.around(missing & self.net.bricks)

    def _if_whole(self, there: Defects, bias: float) -> _Proposal:
        return None if self.net.stranded(there.missing).any() else (there, bias)


def _mask(indices: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    mask[indices] = True
    return mask
