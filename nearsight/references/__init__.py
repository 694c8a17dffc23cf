"""Levels of theory that label structures with energy, forces and stress."""

from nearsight.references.base import Label, MissingEngine, Reference
from nearsight.references.calculator import SEVENNET_0, CalculatorLevel
from nearsight.references.execution import Execution
from nearsight.references.gpaw import GPAWLevel
from nearsight.references.levels import LevelOfTheory, read_level, reference
from nearsight.references.tblite import TBLiteLevel

__all__ = [
    "SEVENNET_0",
    "CalculatorLevel",
    "Execution",
    "GPAWLevel",
    "Label",
    "LevelOfTheory",
    "MissingEngine",
    "Reference",
    "TBLiteLevel",
    "read_level",
    "reference",
]
