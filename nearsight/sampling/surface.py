"""A potential in OpenMM's units."""

from __future__ import annotations

import numpy as np
import openmm
from ase import Atoms, units
from numpy.typing import NDArray
from openmm import unit

from nearsight.potentials.base import Potential, Prediction

KJ_PER_MOL = units.mol / units.kJ
"""One eV in kJ/mol."""


class Surface:
    """The potential as OpenMM sees it: nm and kJ/mol, the last evaluation remembered."""

    def __init__(self, atoms: Atoms, potential: Potential) -> None:
        self._potential = potential
        self._numbers = atoms.numbers
        self._at: NDArray[np.float64] | None = None
        self.cell: NDArray[np.float64] = atoms.cell.array.copy()
        self.last: Prediction
        self.error: Exception | None = None

    def evaluate(self, positions: NDArray[np.float64]) -> Prediction:
        """Evaluate at positions (n_atoms, 3) in nm, in the present cell."""
        atoms = Atoms(self._numbers, positions=10.0 * positions, cell=self.cell, pbc=True)
        self.last = self._potential.evaluate(atoms)
        self._at = positions.copy()
        return self.last

    def __call__(self, state: openmm.State) -> tuple[float, NDArray[np.float64]]:
        """Return energy in kJ/mol and forces (n_atoms, 3) in kJ/mol/nm."""
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        if self._at is None or not np.array_equal(positions, self._at):
            try:
                self.evaluate(positions)
            except Exception as error:
                self.error = error
                raise
        return self.last.energy * KJ_PER_MOL, self.last.forces * (10.0 * KJ_PER_MOL)
