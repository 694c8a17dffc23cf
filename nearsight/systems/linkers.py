"""Dicarboxylates that linkers are made of, and any other molecule with carboxylates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.blocks import find_bonds
from nearsight.blocks.bonds import count_neighbours
from nearsight.systems.uio66 import C_H, linker

C_N, N_H = 1.37, 1.01  # Å, of an aromatic amine

_AXIS = np.array([1.0, 1.0, 0.0])


@dataclass(frozen=True)
class Linker:
    """A molecule that carboxylates hold in a framework.

    Attributes
    ----------
    name
        What messages call it.
    body
        What goes between the carboxylates.
    groups
        (n_groups, 3, 3) places in Å of the carbon and the two oxygens of each carboxylate.
    """

    name: str
    body: Atoms
    groups: NDArray[np.float64]

    @classmethod
    def of(cls, molecule: Atoms, name: str = "") -> Linker:
        """Find the carboxylates of a molecule, acid or anion, that is not periodic.

        Raises
        ------
        ValueError
            It has fewer than two of them.
        """
        numbers, pairs = molecule.numbers, find_bonds(molecule)[0]
        called = name or molecule.get_chemical_formula()
        heavy = count_neighbours(pairs, numbers != 1)
        terminal = (numbers == 8) & (heavy == 1)
        carboxyl = (numbers == 6) & (heavy == 3) & (count_neighbours(pairs, terminal) == 2)
        if carboxyl.sum() < 2:
            raise ValueError(
                f"{called} has {int(carboxyl.sum())} carboxylates that a framework could hold, "
                "a linker has at least two"
            )
        both = np.vstack([pairs, pairs[:, ::-1]])
        arms = both[carboxyl[both[:, 0]] & terminal[both[:, 1]]]
        arms = arms[np.argsort(arms[:, 0], kind="stable")]
        groups = np.column_stack([arms[::2, 0], arms[::2, 1], arms[1::2, 1]])
        used = np.isin(np.arange(len(molecule)), groups)
        acid = (numbers == 1) & (count_neighbours(pairs, used & (numbers == 8)) > 0)
        body = molecule[~used & ~acid]
        return cls(called, body, molecule.positions[groups])


def named(name: str) -> Linker:
    """A linker by its name: "BDC", "BDC-NH2" or "BPDC"."""
    if name not in _NAMED:
        raise ValueError(f"there is no linker {name!r}: known are {', '.join(_NAMED)}")
    return Linker.of(_NAMED[name](), name)


def _amino_bdc() -> Atoms:
    atoms = linker(_AXIS)
    hydrogen = int(np.argmax(atoms.numbers == 1))
    carbon = int(
        np.argmin(atoms.get_distances(hydrogen, range(len(atoms))) + 9 * (atoms.numbers == 1))
    )
    along = (atoms.positions[hydrogen] - atoms.positions[carbon]) / C_H
    across = np.cross([0.0, 0.0, 1.0], along)
    nitrogen = atoms.positions[carbon] + C_N * along
    ways = [np.cos(np.pi / 3) * along + sign * np.sin(np.pi / 3) * across for sign in (1, -1)]
    del atoms[hydrogen]
    return atoms + Atoms("NH2", positions=[nitrogen, *(nitrogen + N_H * way for way in ways)])


_NAMED: dict[str, Callable[[], Atoms]] = {
    "BDC": lambda: linker(_AXIS),
    "BDC-NH2": _amino_bdc,
    "BPDC": lambda: linker(_AXIS, rings=2),
}
