"""A crystal whose P(V) is known at every temperature, with a maximum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from numpy.typing import NDArray

from nearsight.references import CalculatorLevel

V0 = 373.248
"""Å³: 32 atoms of copper, 7.2 Å a side."""
K = 100.0
"""GPa."""
P_MAX = K / 34.0
"""GPa, at a compression of 1 / 17."""
SHEAR = 60.0
"""GPa."""
SPRINGS = np.linspace(1.5, 4.5, 32)[:, None]
"""eV/Å²; all different, or the atoms breathe in step."""

LEVEL = CalculatorLevel(name="Softening", calculator="softening.Softening")


def pressure(volume: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
    """P(V) in GPa."""
    s = 1.0 - volume / V0
    return K * (s - 17.0 * s**2 / 2.0)


def crystal() -> Atoms:
    """At rest."""
    return bulk("Cu", a=3.6, cubic=True).repeat(2)


SITES = crystal().get_scaled_positions()
SIDE = 7.2
"""Å."""


def cif(folder: Path) -> Path:
    """The crystal as a file, not quite at rest."""
    atoms = crystal()
    atoms.set_cell(1.003 * atoms.cell.array, scale_atoms=True)
    atoms.write(folder / "soft.cif")
    return folder / "soft.cif"


class Softening(Calculator):
    """E = U(V) + mu V0 (tr b - 3) / 2 + k |u|² / 2, forces -k u.

    b is the isochoric part of the cell's deformation, a neo-Hookean solid's; u are displacements
    from fractional sites. The springs' pressure and that of the momenta cancel on average, so
    P(V) = -dU/dV.
    """

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        cell = self.atoms.cell.array
        u = self.atoms.positions - SITES @ cell
        volume = self.atoms.get_volume()
        s = 1.0 - volume / V0
        turned = cell / SIDE
        b = turned.T @ turned / np.linalg.det(turned) ** (2.0 / 3.0)
        shear = SHEAR * units.GPa * V0
        stress = shear * (b - np.trace(b) / 3.0 * np.eye(3)) / volume
        stress += u.T @ (SPRINGS * u) / volume - pressure(volume) * units.GPa * np.eye(3)
        bulk_energy = K * units.GPa * V0 * (s**2 / 2.0 - 17.0 * s**3 / 6.0)
        self.results = {
            "energy": bulk_energy
            + shear * (np.trace(b) - 3.0) / 2.0
            + (SPRINGS * u**2).sum() / 2.0,
            "forces": -SPRINGS * u,
            "stress": stress[(0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1)],
        }
