"""The seam to levels of theory: what labels a structure with energy, forces and stress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

Status = Literal["converged", "unconverged", "crashed", "timeout"]


class MissingEngine(ImportError):
    """The package behind a level of theory is not installed; the message says what to install."""


@dataclass(frozen=True)
class Label:
    """What a level of theory says of one structure.

    Attributes
    ----------
    status
        Only a `converged` label carries numbers and may enter a training set.
    energy
        Total energy in eV.
    forces
        (n_atoms, 3) in eV/Å.
    stress
        (3, 3) in eV/Å³, positive under tension (ASE's sign); None for finite structures, and
        where the engine has none.
    seconds
        Wall time that the label cost.
    message
        Why it failed; empty when converged.
    log
        What the engine wrote; of a calculator only when its process died.
    """

    status: Status
    energy: float | None
    forces: NDArray[np.float64] | None
    stress: NDArray[np.float64] | None
    seconds: float
    message: str = ""
    log: str = ""


def failed(status: Status, message: str, seconds: float, log: str = "") -> Label:
    """The label of a calculation that failed."""
    return Label(status, None, None, None, seconds, message, log)


class Reference(Protocol):
    """A level of theory at work. It never raises for a failed calculation: failure is a status."""

    def label(self, atoms: Atoms) -> Label: ...
