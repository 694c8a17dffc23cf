"""Potentials as ASE calculators."""

from __future__ import annotations

from typing import Any, ClassVar

from ase import Atoms
from ase.calculators.calculator import Calculator, PropertyNotImplementedError, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from nearsight.potentials.base import Potential


class PotentialCalculator(Calculator):  # type: ignore[misc]
    """ASE calculator around a `Potential`: energy (eV), forces (eV/Å), stress (eV/Å³)."""

    implemented_properties: ClassVar[list[str]] = ["energy", "free_energy", "forces", "stress"]

    def __init__(self, potential: Potential, **options: Any) -> None:
        super().__init__(**options)
        self.potential = potential

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        super().calculate(atoms, properties, system_changes)
        prediction = self.potential.evaluate(self.atoms)
        self.results = {
            "energy": prediction.energy,
            "free_energy": prediction.energy,
            "forces": prediction.forces,
        }
        if prediction.stress is not None:
            self.results["stress"] = full_3x3_to_voigt_6_stress(prediction.stress)
        elif "stress" in (properties or []):
            whose = "the potential" if self.atoms.pbc.all() else "a structure that is not periodic"
            raise PropertyNotImplementedError(f"{whose} has no stress")


def calculator(potential: Potential) -> Calculator:
    """Wrap a potential for ASE."""
    return PotentialCalculator(potential)
