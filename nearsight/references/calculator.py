"""Any ASE calculator as a level of theory, the SevenNet-0 teacher among them."""

from __future__ import annotations

import importlib
import json
import threading
import time
from functools import cache
from typing import Annotated, Any, Literal

import numpy as np
from ase import Atoms
from ase.calculators.calculator import SCFError
from pydantic import Field, JsonValue, StringConstraints

from nearsight.references.base import Label
from nearsight.spec import Spec

_EXTRAS = {"sevenn": "teacher"}
"""Packages that come with an extra of Nearsight."""

ImportPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", strip_whitespace=True)
]
"""`package.module.Class`"""


class MissingEngine(ImportError):
    """The package behind a level of theory is not installed; the message says what to install."""


class LevelOfTheory(Spec):
    """Where labels come from: an ASE calculator by its import path, and its arguments."""

    kind: Literal["calculator"] = Field(default="calculator", title="Kind")
    name: str = Field(min_length=1, title="Name", description="shown with every label")
    calculator: ImportPath = Field(
        title="Calculator", description="import path of an ASE calculator class"
    )
    arguments: dict[str, JsonValue] = Field(
        default_factory=dict, title="Arguments", description="of the calculator, by keyword"
    )


SEVENNET_0 = LevelOfTheory(
    name="SevenNet-0 (teacher)",
    calculator="sevenn.calculator.SevenNetCalculator",
    arguments={"model": "7net-0", "device": "cpu"},
)


class CalculatorReference:
    """An ASE calculator at work, loaded once per process and level of theory.

    Threads take turns with it: ASE calculators keep state.

    Parameters
    ----------
    level
        Which calculator, with which arguments.

    Raises
    ------
    MissingEngine
        If its package is not installed.
    ValueError
        If the import path or the arguments are wrong.
    """

    def __init__(self, level: LevelOfTheory) -> None:
        self.level = level
        self._calculator, self._turn = _load(
            level.calculator, json.dumps(level.arguments, sort_keys=True)
        )

    def label(self, atoms: Atoms) -> Label:
        """Label one structure; a calculation that fails is a status, never an exception.

        An exception of the calculator or numbers that are not finite make the label "crashed",
        ASE's ``SCFError`` makes it "unconverged". The stress is that of structures periodic in
        all three directions, if the calculator has one. Only the geometry counts: magnetic
        moments, charges and `info` of `atoms` are left out, as they are of a label's key.
        """
        began = time.perf_counter()
        atoms = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
        with self._turn:
            try:
                energy, forces, stress = self._compute(atoms)
            except SCFError as error:
                return _failed("unconverged", error, began)
            except Exception as error:
                return _failed("crashed", error, began)
        return Label("converged", energy, forces, stress, time.perf_counter() - began)

    def _compute(self, atoms: Atoms) -> tuple[float, Any, Any]:
        self._calculator.reset()
        atoms.calc = self._calculator
        energy = float(atoms.get_potential_energy())
        forces = np.array(atoms.get_forces(), dtype=np.float64)
        stress = None
        if atoms.pbc.all() and "stress" in self._calculator.implemented_properties:
            stress = np.array(atoms.get_stress(voigt=False), dtype=np.float64)
        for name, value in (("energy", energy), ("forces", forces), ("stress", stress)):
            if value is not None and not np.isfinite(value).all():
                raise ArithmeticError(f"{name} not finite")
        if forces.shape != (len(atoms), 3):
            raise ArithmeticError(f"forces have shape {forces.shape} for {len(atoms)} atoms")
        return energy, forces, stress


def _failed(status: Literal["unconverged", "crashed"], error: Exception, began: float) -> Label:
    message = f"{type(error).__name__}: {error}"
    return Label(status, None, None, None, time.perf_counter() - began, message)


@cache
def _load(path: str, arguments: str) -> tuple[Any, threading.Lock]:
    module, _, name = path.rpartition(".")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        package = module.split(".")[0]
        if error.name != package:
            raise ValueError(f"{path} cannot be imported: {error}") from error
        extra = _EXTRAS.get(package)
        wanted = f"'nearsight[{extra}]'" if extra else package
        raise MissingEngine(
            f"{path} needs the package {package}, which is not installed: pip install {wanted}"
        ) from error
    except AttributeError as error:
        raise ValueError(f"the module {module} has no {name}") from error
    try:
        return factory(**json.loads(arguments)), threading.Lock()
    except Exception as error:
        raise ValueError(
            f"{path} does not start with arguments {arguments}: {type(error).__name__}: {error}"
        ) from error
