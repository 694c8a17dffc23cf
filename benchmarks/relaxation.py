"""How many calculations of forces a relaxation takes, beside ASE's own optimizers.

    python benchmarks/relaxation.py [--model FILE] [--large] [--most 1000]
                                    [--json FILE]

Positions and shape are relaxed at a fixed volume by `relax`, by FIRE and L-BFGS of ASE as they are,
and by ASE's preconditioned L-BFGS (Exp) with the cell as it is. Structures are S_pr with atoms
out of place by 0.05 Å, and a supercell with bricks and linkers missing as it is built; --large adds
one of twice its size. The network is compiled; one that has learned from clusters of such systems
tells more than the one that ships with Nearsight, which knows no formates.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE, LBFGS
from ase.optimize.precon import Exp, PreconLBFGS
from rich import print as show
from rich.table import Table

from flows.campaign import DATA
from nearsight.mechanics import Relaxation, relax
from nearsight.potentials import Compiled, load
from nearsight.potentials.calculator import PotentialCalculator
from nearsight.systems import Disorder, System, build

LOOSE, TIGHT, STRESS = 0.05, 0.01, 0.01


class Stop(Exception):
    """At rest, or too many calculations."""


class Watched(PotentialCalculator):
    """A potential that notes when forces and stress were first small, and ends there.

    The pressure does not count: at a fixed volume it stays.
    """

    def __init__(self, potential: Compiled, most: int, shape: bool) -> None:
        super().__init__(potential)
        self.most, self.shape = most, shape
        self.calls = 0
        self.loose: int | None = None
        self.tight: int | None = None

    def calculate(self, *arguments: Any, **more: Any) -> None:
        super().calculate(*arguments, **more)
        self.calls += 1
        force = np.linalg.norm(np.asarray(self.results["forces"]), axis=1).max()
        stress = self.results["stress"] / units.GPa
        stress = stress - np.mean(stress[:3]) * np.array([1, 1, 1, 0, 0, 0])
        if self.shape and np.abs(stress).max() > STRESS:
            force = np.inf
        if force <= LOOSE and self.loose is None:
            self.loose = self.calls
        if force <= TIGHT:
            self.tight = self.calls
        if self.tight or self.calls >= self.most:
            raise Stop


def relax_runs(atoms: Atoms, most: int) -> None:
    relax(atoms, atoms.calc, Relaxation(max_steps=most))


def run(optimizer: Any) -> None:
    optimizer.run(fmax=1e-6, steps=10**6)


def body(atoms: Atoms) -> FrechetCellFilter:
    return FrechetCellFilter(atoms, constant_volume=True)


WAYS: dict[str, Callable[[Atoms, int], None]] = {
    "relax": relax_runs,
    "L-BFGS": lambda atoms, _: run(LBFGS(body(atoms), logfile=None)),
    "FIRE": lambda atoms, _: run(FIRE(body(atoms), logfile=None)),
    "preconditioned, positions only": lambda atoms, _: run(
        PreconLBFGS(atoms, precon=Exp(), logfile=None)
    ),
}


def structures(large: bool) -> dict[str, Atoms]:
    rattled = build(System(variant="pr"))
    rattled.rattle(0.05, seed=1)
    disorder = Disorder(brick=0.1, linker=0.2, seed=0)
    supercells = [(2, 2, 1), (2, 2, 2)] if large else [(2, 2, 1)]
    return {"S_pr, rattled": rattled} | {
        f"disordered, {supercell}": build(System(disorder=disorder, supercell=supercell))
        for supercell in supercells
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=DATA / "pristine.safetensors")
    parser.add_argument("--large", action="store_true", help="a supercell of 2,900 atoms, too")
    parser.add_argument("--most", type=int, default=1000, help="calculations of one relaxation")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", "logm result may be inaccurate")
    told = []
    for name, start in structures(options.large).items():
        network = Compiled(load(options.model), start)
        for way, descend in WAYS.items():
            atoms = start.copy()
            atoms.calc = Watched(network, options.most, "positions only" not in way)
            with suppress(Stop):
                descend(atoms, options.most)
            calc = atoms.calc
            energy = float(calc.results["energy"])
            told.append([name, len(atoms), way, calc.loose, calc.tight, energy])
            print(*told[-1], flush=True)
    table = Table("structure", "atoms", "optimizer", f"to {LOOSE} eV/Å", f"to {TIGHT}", "eV")
    for row in told:
        table.add_row(*(f"{x:.2f}" if isinstance(x, float) else str(x) for x in row))
    show(table)
    if options.json:
        options.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
