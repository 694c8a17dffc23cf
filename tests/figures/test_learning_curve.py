import numpy as np

from nearsight.figures import learning_curve

CYCLES, CLUSTERS = np.arange(3), np.array([0, 12, 24])
LD, PR = np.array([800.0, 200.0, 120.0]), np.array([130.0, 120.0, 110.0])


def test_both_errors_of_both_test_sets():
    figure = learning_curve(CYCLES, CLUSTERS, {"ld": LD, "pr": PR}, {"ld": LD / 4, "pr": PR / 4})
    top, bottom = figure.axes
    assert "MAE" in top.get_ylabel()
    assert "RMSE" in bottom.get_ylabel()
    assert all("meV/Å" in axes.get_ylabel() for axes in figure.axes)
    assert [list(line.get_ydata()) for line in top.lines] == [list(LD), list(PR)]
    assert [t.get_text() for t in bottom.get_xticklabels()] == ["0\n(0)", "1\n(12)", "2\n(24)"]
    assert {t.get_text() for t in top.texts} == {"800", "130", "120", "110"}


def test_the_target():
    figure = learning_curve(CYCLES, CLUSTERS, {"ld": LD}, {"ld": LD}, target=150.0)
    assert [list(line.get_ydata()) for line in figure.axes[0].lines][1] == [150.0, 150.0]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["ld", "target"]


def test_one_cycle_only():
    figure = learning_curve(CYCLES[:1], CLUSTERS[:1], {"ld": LD[:1]}, {"ld": LD[:1]})
    figure.canvas.draw()
    assert [t.get_text() for t in figure.axes[0].texts] == ["800"]
