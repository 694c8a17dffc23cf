"""The user's own framework, read from a file and refused where it cannot be simulated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ase.io
import numpy as np
from ase import Atoms

from nearsight.blocks import Blocks, UnsupportedFramework, partition
from nearsight.blocks.charge import formal_charge


def read(file: Path) -> Atoms:
    """Read a framework: elements, positions and cell, periodic in three directions.

    Parameters
    ----------
    file
        In any format that ASE reads.

    Raises
    ------
    UnsupportedFramework
        The file holds no whole, ordered, neutral metal-organic framework; the message says what is
        wrong with it.
    """
    atoms = _ordered(file)
    with _said_of(file):
        _check_charge(atoms, partition(atoms))
    return atoms


def read_crystal(file: Path) -> Atoms:
    """Read any crystal, be it a framework that can be cut or not.

    Parameters
    ----------
    file
        In any format that ASE reads.

    Raises
    ------
    UnsupportedFramework
        The file holds no ordered structure that is periodic in three directions, or a framework
        that is not neutral.
    """
    atoms = _ordered(file)
    try:
        blocks = partition(atoms)
    except UnsupportedFramework:
        return atoms
    with _said_of(file):
        _check_charge(atoms, blocks)
    return atoms


@contextmanager
def _said_of(file: Path) -> Iterator[None]:
    try:
        yield
    except UnsupportedFramework as error:
        raise UnsupportedFramework(f"{file}: {error}") from error


def _ordered(file: Path) -> Atoms:
    """Elements, positions and cell of a file, periodic in three directions."""
    atoms = _parse(file)
    if not atoms.pbc.all():
        raise UnsupportedFramework(
            f"{file} holds no structure that is periodic in three directions: give it the lengths "
            "and angles of its cell"
        )
    with _said_of(file):
        _check_occupancy(atoms)
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def _parse(file: Path) -> Atoms:
    if file.is_file() and not file.read_bytes().strip():
        raise UnsupportedFramework(f"{file} is empty")
    try:
        atoms = ase.io.read(file)
    except Exception as error:  # ASE's readers raise whatever their parsers do
        if not file.exists():
            raise UnsupportedFramework(
                f"{file} could not be read: there is no such file"
            ) from error
        reason = " ".join(f"{type(error).__name__} {error}".split())
        raise UnsupportedFramework(
            f"{file} could not be read: it seems to be damaged, or not of the format that its name "
            f"says ({reason})"
        ) from error
    if not isinstance(atoms, Atoms) or len(atoms) == 0:
        raise UnsupportedFramework(f"{file} holds no atoms")
    return atoms


def _check_occupancy(atoms: Atoms) -> None:
    sites = atoms.info.get("occupancy", {})
    partial = [
        site for site, there in sites.items() if sum(there.values()) < 0.999 or len(there) > 1
    ]
    if partial:
        there = ", ".join(f"{symbol} {part:g}" for symbol, part in sites[partial[0]].items())
        raise UnsupportedFramework(
            f"{len(partial)} sites are occupied in part, the first by {there}: choose one of each "
            "set of disordered sites, and give it an occupancy of 1"
        )
    if (atoms.numbers == 0).any():
        raise UnsupportedFramework(
            f"atom {int(np.argmax(atoms.numbers == 0))} is of no known element: name its element, "
            "or take it out"
        )


def _check_charge(atoms: Atoms, blocks: Blocks) -> None:
    if charge := formal_charge(atoms.numbers, blocks.bonds):
        raise UnsupportedFramework(
            f"{atoms.get_chemical_formula()} has a formal charge of {charge:+d} a cell: "
            "hydrogens (often those of the hydroxides) or counterions seem to be missing"
        )
