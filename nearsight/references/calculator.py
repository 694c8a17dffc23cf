"""Any ASE calculator as a level of theory, the SevenNet-0 teacher among them."""

from __future__ import annotations

import time
from contextlib import nullcontext
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from ase import Atoms
from pydantic import Field, JsonValue, StringConstraints

from nearsight.references.base import Label, MissingEngine, failed
from nearsight.references.engine import EngineLost, EngineTimeout, engine
from nearsight.references.execution import Execution
from nearsight.references.messages import pack_atoms, unpack_label
from nearsight.spec import Spec

EXTRAS = {"sevenn": "teacher", "tblite": "tblite"}
"""Packages that come with an extra of Nearsight."""

_LOADING = 600.0
"""Seconds that a calculator may take to load."""

ImportPath = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$", strip_whitespace=True)
]
"""`package.module.Class`"""


class CalculatorLevel(Spec, title="ASE calculator"):
    """An ASE calculator by its import path, and its arguments."""

    kind: Literal["calculator"] = Field(default="calculator", title="Kind")
    name: str = Field(min_length=1, title="Name", description="shown with every label")
    calculator: ImportPath = Field(
        title="Calculator", description="import path of an ASE calculator class"
    )
    arguments: dict[str, JsonValue] = Field(
        default_factory=dict, title="Arguments", description="of the calculator, by keyword"
    )


SEVENNET_0 = CalculatorLevel(
    name="SevenNet-0 (teacher)",
    calculator="sevenn.calculator.SevenNetCalculator",
    arguments={"model": "7net-0", "device": "cpu"},
)
"""The teacher: a machine-learned potential that labels where there is no time for DFT."""


class CalculatorReference:
    """An ASE calculator at work, in a process of its own that all calculators share.

    What it does to that process, it does to its own label only: a calculation that hangs is
    killed at the time limit, one that crashes or runs out of memory is a failed label, and the
    next label starts the process anew. Threads take turns.

    Parameters
    ----------
    level
        Which calculator, with which arguments.
    execution
        How it runs.

    Raises
    ------
    MissingEngine
        If its package is not installed.
    ValueError
        If the import path or the arguments are wrong.
    """

    def __init__(self, level: CalculatorLevel, execution: Execution) -> None:
        package = level.calculator.partition(".")[0]
        if find_spec(package) is None:
            extra = EXTRAS.get(package)
            wanted = f"'nearsight[{extra}]'" if extra else package
            raise MissingEngine(
                f"{level.calculator} needs the package {package}, which is not installed: "
                f"pip install {wanted}"
            )
        self._execution = execution
        self._engine = engine(execution.memory_limit)
        self._request = level.model_dump(include={"calculator", "arguments"})
        try:
            self._ask(self._request, _LOADING)
        except EngineLost as error:
            raise ValueError(f"{level.calculator} does not start: {error}") from error

    def label(self, atoms: Atoms) -> Label:
        """Label one structure; a calculation that fails is a status, never an exception.

        An exception of the calculator or numbers that are not finite make the label "crashed",
        and so does the death of its process; ASE's ``SCFError`` makes it "unconverged". The
        stress is that of structures periodic in all three directions, if the calculator has one.
        Only the geometry counts: magnetic moments, charges and `info` of `atoms` are left out, as
        they are of a label's key.
        """
        began, scratch = time.perf_counter(), self._execution.scratch
        try:
            with nullcontext() if scratch is None else TemporaryDirectory(dir=scratch) as folder:
                work = {**self._request, "atoms": pack_atoms(atoms), "folder": folder}
                self._ask(self._request, _LOADING)  # after a death; no part of the label's time
                return unpack_label(self._ask(work, self._execution.time_limit)["label"])
        except EngineTimeout as error:
            return failed("timeout", str(error), time.perf_counter() - began, error.log)
        except (EngineLost, OSError, ValueError) as error:
            log = getattr(error, "log", "")
            return failed("crashed", str(error), time.perf_counter() - began, log)

    def _ask(self, request: dict[str, Any], time_limit: float) -> dict[str, Any]:
        answer = self._engine.ask(request, time_limit)
        if "refused" in answer:
            raise ValueError(answer["refused"])
        return answer
