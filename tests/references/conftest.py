from __future__ import annotations

import pytest

from nearsight.references import CalculatorLevel


@pytest.fixture
def sick(tmp_path):
    """Make a level whose calculations fail, in such ways one after another: `sick("nan", …)`."""

    def make(*ways: str) -> CalculatorLevel:
        arguments = {"folder": str(tmp_path), "ways": list(ways)}
        return CalculatorLevel(name="sick", calculator="sick.Sick", arguments=arguments)

    return make
