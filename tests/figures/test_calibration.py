import numpy as np
import pytest

from nearsight.figures import calibration
from nearsight.figures.calibration import Curve
from nearsight.figures.style import MARKERS

FLAGGED = np.linspace(0.001, 1.0, 1000)


def test_every_method_has_a_line_and_its_threshold_on_it() -> None:
    curves = {
        "mixture": Curve(FLAGGED, FLAGGED**0.3, 0.02),
        "committee": Curve(FLAGGED, FLAGGED**0.5, 0.1),
    }
    figure = calibration({"S_pr": curves, "S_ld": curves})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["S_pr", "S_ld"]
    (legend,) = figure.legends
    assert [t.get_text() for t in legend.get_texts()] == ["oracle", "chance", *curves]
    marks = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    for mark, (x, power) in zip(marks, [(0.02, 0.3), (0.1, 0.5)], strict=True):
        assert mark.get_xdata()[0] == pytest.approx(x)
        assert mark.get_ydata()[0] == pytest.approx(x**power, rel=1e-3)


def test_a_threshold_that_flags_nothing_stands_at_the_edge() -> None:
    figure = calibration({"S_ld": {"mixture": Curve(FLAGGED, FLAGGED, 0.0)}})
    (mark,) = [line for line in figure.axes[0].lines if line.get_marker() in MARKERS]
    assert mark.get_xdata()[0] == figure.axes[0].get_xlim()[0]
