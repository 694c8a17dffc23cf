import numpy as np
import pytest
from matplotlib.colors import to_hex

from nearsight.figures import energy_volume
from nearsight.figures.energy_volume import Curve
from nearsight.figures.style import look

OUT = np.array([[8800.0, 9000.0, 9200.0], [0.5, 0.0, 0.4]])
BACK = np.array([[8800.0, 9000.0], [0.6, 0.0]])
FIT = np.array([np.linspace(8800, 9200, 9), np.linspace(-1, 1, 9) ** 2])


def test_points_out_and_back_and_the_fit():
    figure = energy_volume({"pr": [Curve(OUT, BACK, FIT)]})
    (axes,) = figure.axes
    assert axes.get_xlabel() == "volume of the unit cell (Å³)"
    assert axes.get_ylabel() == "energy of the unit cell (eV)"
    for line, data in zip(axes.lines, (OUT, BACK, FIT), strict=True):
        np.testing.assert_array_equal(line.get_data(), data)
    assert axes.lines[1].get_markerfacecolor() == "none"
    labels = [[t.get_text() for t in legend.get_texts()] for legend in figure.legends]
    assert labels == [["pr"], ["on the way out", "back"]]


def test_without_a_fit_or_with_one_point():
    (axes,) = energy_volume({"pr": [Curve(OUT[:, :1], np.empty((2, 0)), None)]}).axes
    assert [len(line.get_xdata()) for line in axes.lines] == [1, 0]


@pytest.mark.parametrize("count", [0, 2, 13])
def test_all_systems_are_told_apart(count):
    figure = energy_volume({f"ld-2/{k}": [Curve(OUT, BACK, FIT)] for k in range(count)})
    figure.canvas.draw()
    lines = figure.legends[0].get_lines() if count else []
    assert len({(to_hex(line.get_color()), line.get_marker()) for line in lines}) == count


def test_long_names_are_not_cut():
    names = [f"UiO-66 hf 20 %, brick 10 %, linker {k} %, 4×4×4" for k in range(3)]
    figure = energy_volume({name: [Curve(OUT, BACK, FIT)] for name in names})
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width


def test_configurations_of_an_ensemble_share_a_colour_and_an_entry():
    figure = energy_volume({"pr": [Curve(OUT, BACK, FIT)], "sup": [Curve(OUT, BACK, FIT)] * 9})
    (axes,) = figure.axes
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["pr", "sup"]
    one, many = axes.lines[:3], axes.lines[3:]
    assert len(many) == 2 * 9
    assert len({to_hex(line.get_color()) for line in many}) == 1
    assert many[0].get_color() != one[0].get_color()
    assert many[1].get_linewidth() < one[2].get_linewidth()


def test_a_system_without_points_keeps_its_colour_and_has_no_entry():
    """Its colour is the one that it has in other figures."""
    figure = energy_volume({"lost": [], "pr": [Curve(OUT, BACK, FIT)]})
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["pr"]
    assert figure.axes[0].lines[0].get_color() == look(1)[0]


def test_axes_keep_their_size_below_many_names():
    few, many = (
        energy_volume(
            {f"a name that is rather long, {k}": [Curve(OUT, BACK, FIT)] for k in range(n)}
        )
        for n in (2, 15)
    )
    for figure in (few, many):
        figure.draw_without_rendering()
    heights = [figure.axes[0].get_window_extent().height for figure in (few, many)]
    assert heights[1] > 0.9 * heights[0]
