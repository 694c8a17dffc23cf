"""Levels of theory that label structures with energy, forces and stress."""

from nearsight.references.base import Label, Reference
from nearsight.references.calculator import (
    SEVENNET_0,
    CalculatorReference,
    LevelOfTheory,
    MissingEngine,
)

__all__ = ["SEVENNET_0", "Label", "LevelOfTheory", "MissingEngine", "Reference", "reference"]


def reference(level: LevelOfTheory) -> Reference:
    """Return `level` ready to label; what is missing or wrong is raised here, not at work."""
    return CalculatorReference(level)
