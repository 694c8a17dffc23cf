"""The seam to levels of theory: what labels a structure with energy, forces and stress."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

Status = Literal["converged", "unconverged", "crashed", "timeout"]


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
        (3, 3) in eV/Å³, positive under tension (ASE's sign); None for finite structures.
    seconds
        Wall time that the label cost.
    message
        Why it failed; empty when converged.
    """

    status: Status
    energy: float | None
    forces: NDArray[np.float64] | None
    stress: NDArray[np.float64] | None
    seconds: float
    message: str = ""


class Reference(Protocol):
    """A level of theory at work. It never raises for a failed calculation: failure is a status."""

    def label(self, atoms: Atoms) -> Label: ...
