import numpy as np
import pytest

from nearsight.figures import elastic_matrix

CUBIC = np.diag([60.0, 60.0, 60.0, 18.0, 18.0, 18.0])
CUBIC[:3, :3] += 25.0 * (1 - np.eye(3))


def test_all_constants_are_printed_with_their_unit():
    figure = elastic_matrix({"pr": CUBIC})
    (axes,) = figure.axes
    assert axes.get_title() == "pr"
    assert figure.get_supxlabel() == "elastic constants (GPa)"
    numbers = [float(text.get_text()) for text in axes.texts]
    np.testing.assert_array_equal(np.reshape(numbers, (6, 6)), CUBIC)
    assert [t.get_text() for t in axes.get_xticklabels()] == ["xx", "yy", "zz", "yz", "xz", "xy"]


def test_numbers_are_as_short_as_their_size_allows():
    constants = CUBIC.copy()
    constants[0, :3] = [-0.01, 123.4, -99.96]
    (axes,) = elastic_matrix({"pr": constants}).axes
    assert [text.get_text() for text in axes.texts[:3]] == ["0.0", "123", "-100"]


def test_colours_tell_the_sign():
    (axes,) = elastic_matrix({"pr": CUBIC * np.where(np.eye(6), 1, -1)}).axes
    image = axes.images[0]
    red, _, blue, _ = image.to_rgba(image.get_array())[..., :].transpose(2, 0, 1)
    assert blue[0, 0] > red[0, 0]
    assert red[0, 1] > blue[0, 1]


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_one_matrix_a_system(count):
    figure = elastic_matrix(
        {f"UiO-66 hf 20 %, brick 10 %, linker {k} %": CUBIC for k in range(count)}
    )
    figure.canvas.draw()
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == count
    for axes in shown:
        box = axes.title.get_window_extent()
        assert 0 <= box.x0 < box.x1 <= figure.bbox.width
