"""The program behind an engine: loads ASE calculators and labels what it is asked to.

Usage: python -m nearsight.references.calculator_program CHANNEL (a file descriptor)
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import sys
import time
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import SCFError

from nearsight.references.base import Label, Status, failed
from nearsight.references.engine import IDLE
from nearsight.references.messages import pack_label, unpack_atoms

_PATIENCE = 600.0
"""Seconds without a request after which the memory is worth more than the loaded calculators."""


def serve(channel: Connection) -> int:
    """Answer requests until the channel closes, or none comes for long; the return code."""
    while channel.poll(_PATIENCE):
        try:
            request = json.loads(channel.recv_bytes())
        except EOFError:
            return 0
        channel.send_bytes(json.dumps(answer(request)).encode())
    return IDLE


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Load the `calculator` with its `arguments`, and label `atoms` in `folder` if there are any.

    The answer holds the `label`, or why the calculator is `refused`.
    """
    try:
        calculator = load(request["calculator"], json.dumps(request["arguments"], sort_keys=True))
    except ValueError as error:
        return {"refused": str(error)}
    if "atoms" not in request:
        return {}
    folder = request["folder"]
    with contextlib.chdir(folder) if folder else contextlib.nullcontext():
        return {"label": pack_label(label(calculator, unpack_atoms(request["atoms"])))}


@cache
def load(path: str, arguments: str) -> Any:
    """The calculator of that import path, with keyword arguments in JSON.

    Raises
    ------
    ValueError
        If the import path or the arguments are wrong.
    """
    module, _, name = path.rpartition(".")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ImportError as error:
        raise ValueError(f"{path} cannot be imported: {error}") from error
    except AttributeError as error:
        raise ValueError(f"the module {module} has no {name}") from error
    try:
        calculator = factory(**json.loads(arguments))
    except Exception as error:
        raise ValueError(
            f"{path} does not start with arguments {arguments}: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(calculator, "implemented_properties"):
        raise ValueError(f"{path} is no ASE calculator: it makes {type(calculator).__name__}")
    return calculator


def label(calculator: Any, atoms: Atoms) -> Label:
    """Label one structure; a calculation that fails is a status, never an exception."""
    began = time.perf_counter()
    try:
        energy, forces, stress = compute(calculator, atoms)
    except BaseException as error:  # some engines leave by sys.exit
        unconverged = isinstance(error, SCFError) or "not converged" in str(error)
        status: Status = "unconverged" if unconverged else "crashed"
        return failed(status, f"{type(error).__name__}: {error}", time.perf_counter() - began)
    return Label("converged", energy, forces, stress, time.perf_counter() - began)


def compute(calculator: Any, atoms: Atoms) -> tuple[float, Any, Any]:
    """Energy in eV, forces in eV/Å and, of crystals, stress in eV/Å³; finite, or an exception."""
    calculator.reset()
    atoms.calc = calculator
    energy = float(atoms.get_potential_energy())
    forces = np.array(atoms.get_forces(), dtype=np.float64)
    stress = None
    if atoms.pbc.all() and "stress" in calculator.implemented_properties:
        stress = np.array(atoms.get_stress(voigt=False), dtype=np.float64)
    for name, value in (("energy", energy), ("forces", forces), ("stress", stress)):
        if value is not None and not np.isfinite(value).all():
            raise ArithmeticError(f"{name} not finite")
    if forces.shape != (len(atoms), 3):
        raise ArithmeticError(f"forces have shape {forces.shape} for {len(atoms)} atoms")
    return energy, forces, stress


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(serve(Connection(int(sys.argv[1]))))
