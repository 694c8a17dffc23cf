"""A configuration of defects on the net of a framework, and the framework that has it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers
from numpy.typing import NDArray

from nearsight.blocks import Blocks, partition
from nearsight.systems.editing import remove_blocks
from nearsight.systems.net import Net

ZIRCONIUM, HAFNIUM = atomic_numbers["Zr"], atomic_numbers["Hf"]


@dataclass(frozen=True)
class Defects:
    """What is missing from a framework and what is replaced in it (paper, Section 4.4).

    Attributes
    ----------
    missing
        (n_blocks,) bricks and linkers that are missing; no brick without the linkers around it.
    hafnium
        (n_atoms,) metal atoms, of bricks that are there, that are Hf.
    """

    missing: NDArray[np.bool_]
    hafnium: NDArray[np.bool_]


@dataclass(frozen=True)
class Concentrations:
    """The scheme c_hf - c_brick - c_linker (paper, Section 4.5.1) and the mean coordination.

    Attributes
    ----------
    hf
        Fraction of the metal sites that are there which hold Hf.
    brick, linker
        Fraction of the bricks and linkers of the framework without defects that are missing.
    coordination
        Linkers per brick, mean.
    """

    hf: float
    brick: float
    linker: float
    coordination: float

    def __str__(self) -> str:
        return f"{self.hf:.2f}-{self.brick:.2f}-{self.linker:.2f}"


def concentrations(atoms: Atoms, blocks: Blocks, cell: Atoms) -> Concentrations:
    """Measure the disorder of a framework.

    Parameters
    ----------
    atoms, blocks
        The framework and its partition.
    cell
        The unit cell without defects; the framework fills as many as its volume holds.
    """
    net = Net.of(atoms, blocks)
    kinds = partition(cell).kinds
    cells = round(atoms.cell.volume / cell.cell.volume)
    hafnium = int((atoms.numbers == HAFNIUM).sum())
    metals = hafnium + int((atoms.numbers == ZIRCONIUM).sum())
    return Concentrations(
        hf=hafnium / max(metals, 1),
        brick=1 - int(net.bricks.sum()) / max(kinds.count("brick") * cells, 1),
        linker=1 - int(net.linkers.sum()) / max(kinds.count("linker") * cells, 1),
        coordination=int(net.coordination()[net.bricks].sum()) / max(int(net.bricks.sum()), 1),
    )


def realise(atoms: Atoms, blocks: Blocks, defects: Defects) -> Atoms:
    """Build the framework that has some defects, its open carboxylates capped to formates.

    Parameters
    ----------
    atoms, blocks
        The framework without defects and its partition.
    defects
        What to remove and replace.
    """
    replaced = atoms.copy()
    replaced.numbers[defects.hafnium] = HAFNIUM
    return remove_blocks(replaced, blocks, np.flatnonzero(defects.missing).tolist())
