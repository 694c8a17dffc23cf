"""The seam to learned potentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray


@dataclass(frozen=True)
class Prediction:
    """What a potential says of one structure.

    Attributes
    ----------
    energy
        Total energy in eV.
    forces
        (n_atoms, 3) in eV/Å.
    stress
        (3, 3) in eV/Å³, positive under tension (ASE's sign); None for structures that are not
        periodic in all three directions.
    features
        (n_atoms, n_features), invariant descriptor F of every atom: the last hidden layer
        (paper, Section 2.1.2).
    """

    energy: float
    forces: NDArray[np.float64]
    stress: NDArray[np.float64] | None
    features: NDArray[np.float64]


class NoAnswer(RuntimeError):
    """A potential cannot say anything of a structure; a walk ends where it happens."""


class CannotTrain(ValueError):
    """A training cannot begin or came to nothing; the message says in a sentence what to change."""


class Potential(Protocol):
    """A potential energy surface that also characterises the environment of every atom."""

    def evaluate(self, atoms: Atoms) -> Prediction:
        """Return energy, forces, stress and features; raise `NoAnswer` if there are none."""
        ...

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        """Return F, (n_atoms, n_features), without forces."""
        ...
