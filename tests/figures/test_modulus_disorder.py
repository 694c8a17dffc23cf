import numpy as np
import pytest

from nearsight.figures import modulus_disorder
from nearsight.figures.modulus_disorder import Moduli


def alone(linkers, modulus):
    return Moduli(np.array([linkers]), np.array([modulus]))


SCATTERED = Moduli(np.full(3, 0.35), np.array([13.0, 14.0, 15.0]))
DOMAINS = Moduli(np.full(4, 0.35), np.array([16.0, 17.0, 19.0, 20.0]))
CELLS = {"S_pr": alone(0, 33.0), "S_reo": alone(0.5, 17.0), "S_scu": alone(2 / 3, 5.0)}
LOST = Moduli(np.empty(0), np.empty(0))
ALL = CELLS | {"S_lost": LOST, "S_sup": SCATTERED, "S_sup-d20": DOMAINS}


def bars(axes):
    """Mean, and mean less and plus the bar, of every ensemble."""
    return [
        (c[0].get_ydata()[0], c[2][0].get_segments()[0][:, 1].tolist()) for c in axes.containers
    ]


def test_ensembles_are_means_with_spread_and_unit_cells_have_names():
    (axes,) = modulus_disorder(ALL).axes
    (mean, (low, high)), _ = bars(axes)
    assert (mean, low, high) == pytest.approx((14.0, 13.0, 15.0))
    assert {text.get_text() for text in axes.texts if text.get_text()} == set(CELLS)
    assert "GPa" in axes.get_ylabel()
    (legend,) = axes.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["S_sup", "S_sup-d20"]


def test_ensembles_of_one_composition_stand_side_by_side():
    (axes,) = modulus_disorder(ALL | {"S_other": Moduli(np.full(2, 0.17), np.ones(2))}).axes
    x = [container[0].get_xdata()[0] for container in axes.containers]
    assert x[0] < 0.35 < x[1]
    assert np.mean(x[:2]) == pytest.approx(0.35)
    assert x[2] == 0.17


def test_correlation_has_a_panel_where_there_is_a_series():
    figure = modulus_disorder(ALL, [{"S_sup-d20": 20.0, "S_sup": 0.0}])
    _, axes = figure.axes
    assert "(Å)" in axes.get_xlabel()
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [[0.0, 14.0], [20.0, 18.0]])
    assert bars(axes)[0][1] == pytest.approx([13.0, 15.0])


def test_crowded_labels_cover_neither_points_nor_one_another():
    crowd = {f"S_ld-2-{k}": alone(2 / 24, 28 + 0.2 * k) for k in range(7)}
    figure = modulus_disorder(ALL | crowd)
    (axes,) = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts if text.get_text()]
    assert len(boxes) == 10
    for k, box in enumerate(boxes):
        assert box.count_overlaps(boxes[k + 1 :]) == 0
        points = [told for told in (ALL | crowd).values() if len(told.moduli) == 1]
        for told in points:
            assert not box.contains(*axes.transData.transform((told.linkers[0], told.moduli[0])))


@pytest.mark.parametrize("systems", [{}, {"S_lost": LOST}, {"S_pr": CELLS["S_pr"]}])
def test_next_to_nothing(systems):
    modulus_disorder(systems).canvas.draw()
