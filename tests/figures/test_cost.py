import numpy as np
import pytest

from nearsight.figures import cost


@pytest.mark.parametrize(("seconds", "unit"), [(20.0, "s"), (200.0, "min"), (9000.0, "h")])
def test_bars_add_up_in_a_unit_that_fits(seconds, unit):
    stages = {"explore": np.array([seconds, seconds / 2]), "train": np.array([seconds, seconds])}
    (axes,) = cost(np.array([1, 2]), stages).axes
    divisor = {"s": 1, "min": 60, "h": 3600}[unit]
    ends = [bar.get_x() + bar.get_width() for bar in axes.patches]
    np.testing.assert_allclose(ends[-2:], np.array([2, 1.5]) * seconds / divisor)
    assert axes.get_xlabel() == f"wall time ({unit})"
    assert [t.get_text() for t in axes.get_yticklabels()] == ["1", "2"]
