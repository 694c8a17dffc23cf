import numpy as np

from nearsight.figures import clusters_learned
from nearsight.figures.clusters_learned import Learned

SIZES = np.array([0, 5, 20])


def markers(axes):
    return {line.get_gid(): line.get_xdata().tolist() for line in axes.lines if line.get_gid()}


def test_points_below_the_periodic_model_are_diamonds():
    errors = np.array([[400.0, 400.0], [300.0, 200.0], [90.0, 110.0]])
    (axes,) = clusters_learned({"S_ld": Learned(SIZES, errors, 150.0)}).axes
    assert markers(axes) == {"S_ld o": [0, 5], "S_ld D": [20]}
    (bars,) = axes.containers
    (segments,) = bars[2]
    assert [s[:, 1].tolist() for s in segments.get_segments()] == [
        [400, 400],
        [200, 300],
        [90, 110],
    ]
    assert axes.get_yscale() == "log"
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0", "5", "20"]
    assert "meV/Å" in axes.get_ylabel()
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [150.0]


def test_a_start_model_that_knows_no_hafnium_has_no_point():
    errors = np.array([[np.nan], [300.0], [100.0]])
    figure = clusters_learned({"S_hf": Learned(SIZES, errors)})
    figure.canvas.draw()
    low, high = figure.axes[0].get_ylim()
    assert low < 100 < 300 < high
