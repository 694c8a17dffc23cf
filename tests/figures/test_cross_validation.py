from itertools import pairwise

import numpy as np

from nearsight.figures import cross_validation


def test_every_value_is_written_in_its_cell():
    errors = {
        "RMSE, meV/Å": np.array([[19.8, 1234.0], [0.25, np.nan]]),
        "ΔE": np.array([[-5.0, 0]] * 2),
    }
    figure = cross_validation(["a", "b"], ["S_pr", "S_hf"], errors)
    figure.canvas.draw()
    left, right = figure.axes
    written = {tuple(text.get_position()): text.get_text() for text in left.texts}
    assert written == {(0, 0): "19.8", (1, 0): "1234", (0, 1): "0.25", (1, 1): "–"}
    assert {text.get_text() for text in right.texts} == {"−5", "0.00"}
    assert left.get_title() == "RMSE, meV/Å"


def test_text_stands_out_from_its_cell():
    figure = cross_validation(["a"], ["x", "y"], {"RMSE": np.array([[1.0, 100.0]])})
    low, high = figure.axes[0].texts
    assert (low.get_color(), high.get_color()) == ("black", "white")


def test_an_odd_panel_leaves_an_empty_corner():
    figure = cross_validation(["a"], ["x"], {name: np.ones((1, 1)) for name in "pqr"})
    assert [axes.axison for axes in figure.axes] == [True, True, True, False]


def test_many_test_sets_have_the_whole_width():
    errors = {metric: np.ones((2, 6)) for metric in ("a", "b")}
    figure = cross_validation(["mlp_mix", "mlp_sup"], [f"D_{n}, cores" for n in range(6)], errors)
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
