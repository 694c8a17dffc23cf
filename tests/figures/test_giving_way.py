from dataclasses import replace

import numpy as np
import pytest

from nearsight.figures import giving_way
from nearsight.figures.giving_way import Way

N = 5
GROUPS = ("F-43m (216)", "F-43m (216)", "I-4m2 (119)", "P1 (1)", "P1 (1)")
WAY = Way(
    volumes=np.linspace(9100, 8100, N),
    rotations=np.outer(np.arange(N), [1.0, 2.0]),
    bends=np.outer(np.arange(N), [2.0, 3.0, 4.0]),
    lengths=np.linspace([20.8, 20.9, 21.0], [20.0, 20.1, 20.3], N),
    shear=np.linspace(0, 4, N),
    operations=np.array([96, 96, 32, 1, 1]),
    space_groups=GROUPS,
    v_max=8500.0,
)


def test_everything_over_volume():
    figure = giving_way(WAY)
    turn, bent, shape, symmetry, shear = figure.axes
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert all(unit in label for unit, label in zip("°°Å", labels, strict=False))
    assert labels[3:] == ["symmetry operations", "shear of the cell (°)"]
    assert "Å³" in shape.get_xlabel()
    assert "Å³" in symmetry.get_xlabel()
    wanted = [
        WAY.rotations.mean(1),
        WAY.bends.mean(1),
        WAY.lengths[:, 0],
        WAY.operations,
        WAY.shear,
    ]
    for axes, values in zip((turn, bent, shape, symmetry, shear), wanted, strict=True):
        np.testing.assert_allclose(axes.lines[0].get_xdata(), WAY.volumes[::-1])
        np.testing.assert_allclose(axes.lines[0].get_ydata(), values[::-1])
    band = turn.collections[0].get_paths()[0].vertices
    assert (band[:, 1].min(), band[:, 1].max()) == (0.0, 8.0)
    assert [t.get_text() for t in shape.get_legend().get_texts()] == ["a", "b", "c"]


def test_a_space_group_is_named_where_it_changes():
    symmetry = giving_way(WAY).axes[3]
    told = [(text.get_text(), text.xy[0]) for text in symmetry.texts]
    assert told == [("P1", 8100.0), ("I-4m2", 8600.0), ("F-43m", 8850.0)]


@pytest.mark.parametrize("v_max", [8500.0, None])
def test_the_largest_pressure(v_max):
    turn = giving_way(replace(WAY, v_max=v_max)).axes[0]
    assert [line.get_xdata()[0] for line in turn.lines[1:]] == [v_max] * (v_max is not None)


def test_no_bricks_no_linkers_no_symmetry():
    nothing = np.zeros((N, 0))
    bare = replace(WAY, rotations=nothing, bends=nothing, operations=np.ones(N, dtype=int))
    figure = giving_way(bare)
    figure.canvas.draw()
    assert [axes.texts[0].get_text() for axes in figure.axes[:2]] == ["there are none"] * 2
    low, high = figure.axes[3].get_ylim()
    assert 0.5 < low < 1 < high < 5


def test_one_point():
    one = Way(*(np.asarray(value)[:1] for value in list(vars(WAY).values())[:-1]), v_max=None)
    giving_way(one).canvas.draw()
