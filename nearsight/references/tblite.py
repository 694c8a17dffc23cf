"""Tight binding: GFN1-xTB and GFN2-xTB by tblite, for crystals and molecules."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nearsight.references.calculator import CalculatorLevel
from nearsight.spec import Spec


class TBLiteLevel(Spec, title="tblite"):
    """Extended tight binding by tblite; neutral structures of the lowest spin."""

    kind: Literal["tblite"] = Field("tblite", title="Kind")
    method: Literal["GFN1-xTB", "GFN2-xTB"] = Field("GFN1-xTB", title="Method")
    name: str = Field(
        default_factory=lambda told: told["method"],
        min_length=1,
        title="Name",
        description="shown with every label",
    )
    electronic_temperature: float = Field(
        300.0, ge=0, title="Electronic temperature", description="K"
    )
    max_iterations: int = Field(250, ge=1, title="Iterations to self-consistency at most")

    def calculator(self) -> CalculatorLevel:
        """The same as a level of tblite's ASE calculator."""
        arguments = self.model_dump(include={"method", "electronic_temperature", "max_iterations"})
        return CalculatorLevel(
            name=self.name, calculator="tblite.ase.TBLite", arguments=arguments | {"verbosity": 0}
        )
