import numpy as np
import pytest
from matplotlib.colors import to_hex

from nearsight.figures import pressure_volume
from nearsight.figures.pressure_volume import Response, look

V, P = np.array([8000.0, 8500.0, 9000.0, 9100.0]), np.array([0.5, 1.1, 0.25, np.nan])
GRID = np.array([np.linspace(8000, 9000, 5), np.linspace(0.5, 0.3, 5), np.full(5, 0.01)])


def response(sound=(True, True, True, False), curve=GRID, maximum=(8500.0, 1.1)):
    return Response(
        volumes=V,
        pressures=P,
        volume_errors=np.array([0.0, 0.0, 4.0, np.nan]),
        pressure_errors=np.array([0.01, 0.01, 0.0, np.nan]),
        stable=np.array([False, False, True, True]),
        sound=np.array(sound),
        curve=curve,
        maximum=maximum,
    )


def drawn(axes, marker):
    lines = [line for line in axes.lines if line.get_marker() == marker]
    return sorted(tuple(xy) for line in lines for xy in line.get_xydata())


def test_what_every_walk_said():
    figure = pressure_volume({"pr": response(sound=(True, False, True, False))})
    (axes,) = figure.axes
    assert axes.get_xlabel() == "volume of the cell (Å³)"
    assert axes.get_ylabel() == "pressure (GPa)"
    assert drawn(axes, "o") == [(8000.0, 0.5), (9000.0, 0.25)]
    assert drawn(axes, "x") == [(8500.0, 1.1)]  # and one without a pressure that nobody can draw
    assert drawn(axes, "*") == [(8500.0, 1.1)]
    np.testing.assert_array_equal(axes.lines[0].get_xydata().T, GRID[:2])
    systems, kinds = figure.legends
    assert [t.get_text() for t in systems.get_texts()] == ["pr"]
    assert [t.get_text() for t in kinds.get_texts()][2:] == ["left out", "P_max"]


def test_open_symbols_where_the_volume_was_set():
    (axes,) = pressure_volume({"pr": response()}).axes
    faces = {
        tuple(line.get_xdata()): line.get_markerfacecolor()
        for line in axes.lines
        if line.get_marker() == "o"
    }
    assert faces == {(9000.0,): look(0)[0], (8000.0, 8500.0): "white"}


def test_no_curve_and_no_maximum():
    (axes,) = pressure_volume({"pr": response(curve=None, maximum=None)}).axes
    assert drawn(axes, "*") == []
    assert len(axes.collections) == 2 * 2  # error bars, and no band


@pytest.mark.parametrize("count", [0, 1, 2, 13])
def test_all_systems_are_told_apart(count):
    figure = pressure_volume({f"ld-2/{k}": response() for k in range(count)})
    figure.canvas.draw()
    lines = figure.legends[0].get_lines() if count else []
    assert len({(to_hex(line.get_color()), line.get_marker()) for line in lines}) == count


def test_long_names_are_not_cut():
    figure = pressure_volume(
        {f"UiO-66 hf 20 %, brick 10 %, linker {k} %": response() for k in "ab"}
    )
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert 0 <= box.x0 < box.x1 <= figure.bbox.width
