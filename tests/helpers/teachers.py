"""Levels of theory that keep a log, so that a test can count what was computed."""

from __future__ import annotations

import time
from pathlib import Path

from ase.calculators.morse import MorsePotential

from storage import structure_key


class Logged(MorsePotential):
    """A real potential that says in the file `log` which structure it has finished.

    Parameters
    ----------
    log
        One line a calculation, the key of its structure.
    delay
        Seconds that every calculation takes longer, for tests that kill it.
    failing
        So many calculations fail before the first one succeeds.
    """

    def __init__(self, log: str, delay: float = 0.0, failing: int = 0) -> None:
        super().__init__(epsilon=0.01, r0=1.2, rho0=3.0, rcut1=2.0, rcut2=2.6)
        self.log, self.delay, self.failing = Path(log), delay, failing

    def calculate(self, atoms=None, properties=None, system_changes=None) -> None:
        time.sleep(self.delay)
        done = len(self.log.read_text().split()) if self.log.exists() else 0
        if done >= self.failing:
            super().calculate(atoms, properties, system_changes or ["positions"])
        with self.log.open("a") as log:
            log.write(
                structure_key(atoms.numbers, atoms.positions, atoms.cell.array, atoms.pbc) + "\n"
            )
        if done < self.failing:
            raise RuntimeError("this one fails")


class Braked(Logged):
    """One that stands still at its work while the file `log`.brake is there.

    A line in `log`.held says that a calculation stands still.
    """

    def calculate(self, atoms=None, properties=None, system_changes=None) -> None:
        brake = self.log.with_suffix(".brake")
        if brake.exists():
            with self.log.with_suffix(".held").open("a") as held:
                held.write("one\n")
        while brake.exists():
            time.sleep(0.05)
        super().calculate(atoms, properties, system_changes)
