"""Levels of theory: the kinds there are, read from options and put to work."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter

from nearsight.references.base import Reference
from nearsight.references.calculator import CalculatorLevel, CalculatorReference
from nearsight.references.execution import Execution
from nearsight.references.gpaw import GPAWLevel, GPAWReference
from nearsight.references.tblite import TBLiteLevel


def _kind(told: Any) -> Any:
    return {"kind": "calculator", **told} if isinstance(told, dict) else told


LevelOfTheory = Annotated[
    Annotated[CalculatorLevel | GPAWLevel | TBLiteLevel, Field(discriminator="kind")],
    BeforeValidator(_kind),
]
"""Where labels come from. Options that name no `kind` are those of an ASE calculator."""

_ANY: TypeAdapter[LevelOfTheory] = TypeAdapter(LevelOfTheory)


def read_level(told: dict[str, Any]) -> LevelOfTheory:
    """The level of theory of these options, such as a lake keeps."""
    return _ANY.validate_python(told)


def reference(level: LevelOfTheory, execution: Execution = Execution()) -> Reference:  # noqa: B008
    """Return `level` ready to label; what is missing or wrong is raised here, not at work.

    Raises
    ------
    MissingEngine
        If a package is not installed.
    ValueError
        If the level, or how it is to run, is wrong.
    """
    if execution.scratch is not None and not execution.scratch.is_dir():
        raise ValueError(f"there is no scratch folder {execution.scratch}")
    if isinstance(level, GPAWLevel):
        return GPAWReference(level, execution)
    if isinstance(level, TBLiteLevel):
        level = level.calculator()
    return CalculatorReference(level, execution)
