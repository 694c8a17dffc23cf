"""Frameworks as elastic networks: springs between near atoms, at rest in the start structure."""

from __future__ import annotations

from functools import cache

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from matscipy.neighbours import neighbour_list

from nearsight.references import CalculatorLevel
from nearsight.systems import System, build

LEVEL = CalculatorLevel(name="Springs", calculator="network.Springs")
REACH = 6.0
"""Å."""
STIFFNESS = 0.5
"""eV/Å²."""

LINKERS = {"linker": 0.2, "counted": "resulting"}
BRICKS = {"brick": 0.25, "linker": 0.58, "counted": "resulting"}
DOMAINS = BRICKS | {"domain": 10.0}
SYSTEMS = (
    System(variant="pr"),
    *(
        System.model_validate({"disorder": disorder | {"seed": seed}})
        for disorder in (LINKERS, BRICKS, DOMAINS)
        for seed in range(2)
    ),
)
"""Those that the springs know."""


@cache
def starts() -> tuple[Atoms, ...]:
    return tuple(build(system) for system in SYSTEMS)


@cache
def springs(number: int) -> tuple[np.ndarray, ...]:
    """Pairs, lattice shifts and lengths at rest."""
    i, j, shifts, lengths = neighbour_list("ijSd", starts()[number], REACH)
    once = (i < j) | ((i == j) & (shifts @ (100, 10, 1) > 0))
    return i[once], j[once], shifts[once], lengths[once]


class Springs(Calculator):
    """E = k/2 sum (r - r0)² over pairs that are near in the start structure."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        i, j, shifts, lengths = springs(self._start())
        d = self.atoms.positions[j] - self.atoms.positions[i] + shifts @ self.atoms.cell.array
        r = np.linalg.norm(d, axis=1)
        pull = (STIFFNESS * (r - lengths) / r)[:, None] * d
        n = len(self.atoms)
        forces = [np.bincount(i, p, n) - np.bincount(j, p, n) for p in pull.T]
        stress = d.T @ pull / self.atoms.get_volume()
        self.results = {
            "energy": 0.5 * STIFFNESS * ((r - lengths) ** 2).sum(),
            "forces": np.stack(forces, axis=1),
            "stress": stress[(0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1)],
        }

    def _start(self) -> int:
        """Which start structure this one comes from."""

        def distance(start: Atoms) -> float:
            if not np.array_equal(start.numbers, self.atoms.numbers):
                return np.inf
            gap = start.get_scaled_positions(wrap=False)
            gap = gap - self.atoms.get_scaled_positions(wrap=False)
            return float(np.abs(gap - np.rint(gap)).mean())

        distances = [distance(start) for start in starts()]
        if min(distances) > 0.05:
            raise ValueError("no springs were laid for this structure")
        return int(np.argmin(distances))
