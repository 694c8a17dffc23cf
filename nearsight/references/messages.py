"""Structures and labels as JSON, between processes; floats come out as they went in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from ase import Atoms

from nearsight.references.base import Label


def pack_atoms(atoms: Atoms) -> dict[str, Any]:
    """The geometry of `atoms`: magnetic moments, charges and `info` count for no label's key.

    Raises
    ------
    ValueError
        If there are no atoms, or they are nowhere.
    """
    if len(atoms) == 0:
        raise ValueError("no atoms")
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise ValueError("positions or cell not finite")
    return {
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "pbc": atoms.pbc.tolist(),
    }


def unpack_atoms(told: dict[str, Any]) -> Atoms:
    return Atoms(**told)


def pack_label(label: Label) -> dict[str, Any]:
    return {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in asdict(label).items()
    }


def unpack_label(told: dict[str, Any]) -> Label:
    arrays = {
        name: None if told[name] is None else np.array(told[name], dtype=np.float64)
        for name in ("forces", "stress")
    }
    return Label(**{**told, **arrays})
