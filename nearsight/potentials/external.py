"""A level of theory as a potential, so that it can be walked with, too."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.potentials.base import NoAnswer, Prediction
from nearsight.references.base import Reference


class External:
    """Any level of theory (satisfies `Potential`), such as another group's potential by its ASE
    calculator.

    It knows no features: they are (n_atoms, 0).

    Parameters
    ----------
    reference
        The level of theory at work.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference = reference

    def evaluate(self, atoms: Atoms) -> Prediction:
        """Energy (eV), forces (eV/Å) and, where it has one, stress (eV/Å³).

        Raises
        ------
        NoAnswer
            If the calculation failed.
        """
        label = self._reference.label(atoms)
        if label.status != "converged" or label.energy is None or label.forces is None:
            raise NoAnswer(f"the calculation is {label.status}: {label.message}")
        return Prediction(label.energy, label.forces, label.stress, self.features(atoms))

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        """None: (n_atoms, 0)."""
        return np.zeros((len(atoms), 0))
