"""A level of theory that fails in all the ways that engines fail."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from ase.calculators.calculator import SCFError
from ase.calculators.morse import MorsePotential

WAYS = {
    "exception": "crashed",
    "exit": "crashed",
    "nan": "crashed",
    "shape": "crashed",
    "memory": "crashed",
    "killed": "crashed",
    "scf": "unconverged",
    "hang": "timeout",
}
"""The status of the label, by the way to fail."""


class Sick(MorsePotential):
    """A real potential whose first calculations fail, each in its way, and all others do not.

    Parameters
    ----------
    folder
        Where every calculation leaves a file, so that they are counted over processes.
    ways
        Ways to fail, of the first calculation and those after it.
    """

    def __init__(self, folder: str, ways: list[str]) -> None:
        super().__init__(epsilon=0.01, r0=1.2, rho0=3.0, rcut1=2.0, rcut2=2.6)
        self.folder, self.ways = Path(folder), ways

    def calculate(self, atoms=None, properties=None, system_changes=None) -> None:
        super().calculate(atoms, properties, system_changes or ["positions"])
        number = self._number()
        if number < len(self.ways):
            getattr(self, f"_{self.ways[number]}")()

    def _number(self) -> int:
        for number in count():
            try:
                (self.folder / str(number)).open("x").close()
            except FileExistsError:
                continue
            return number
        raise AssertionError

    def _exception(self) -> None:
        raise RuntimeError("this one fails")

    def _exit(self) -> None:
        raise SystemExit("this one leaves")

    def _nan(self) -> None:
        self.results["forces"] = self.results["forces"] * np.nan

    def _shape(self) -> None:
        self.results["forces"] = self.results["forces"][1:]

    def _memory(self) -> None:
        self.results["junk"] = np.empty(2**31)  # 16 GiB that nobody touches

    def _killed(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _scf(self) -> None:
        raise SCFError("no convergence in 50 steps")

    def _hang(self) -> None:
        time.sleep(3600.0)


class Late(Sick):
    """One that takes half a second to load."""

    def __init__(self, **options: Any) -> None:
        time.sleep(0.5)
        super().__init__(**options)


class Crash(MorsePotential):
    """One that says a word and reads where no memory is."""

    def calculate(self, atoms=None, properties=None, system_changes=None) -> None:
        print("about to crash", flush=True)
        ctypes.string_at(0)


class Writer(MorsePotential):
    """One that leaves a file where it works."""

    def calculate(self, atoms=None, properties=None, system_changes=None) -> None:
        super().calculate(atoms, properties, system_changes or ["positions"])
        Path("written").write_text("here")
