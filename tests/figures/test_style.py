import pytest

from nearsight.figures.style import head, key, look, new_figure

LONG = ["S_0.1-0.0312-0.17-resulting-s0_2x2x2", "S_0.21-0.125-0.4-resulting-s0_2x2x2"]
SHORT = [f"S_ld-2-{n}" for n in range(1, 8)]


@pytest.mark.parametrize(
    ("names", "columns"),
    [(["S_pr"], 1), (["S_pr", "S_ld"], 2), (SHORT, 4), (SHORT * 2 + LONG, 2), (LONG, 1)],
)
def test_names_take_the_columns_that_fit(names, columns):
    figure = new_figure(3.0)
    figure.subplots()
    head(figure, [key(name, *look(k)) for k, name in enumerate(names)])
    (legend,) = figure.legends
    assert legend._ncols == columns
    figure.draw_without_rendering()
    assert legend.get_window_extent().width <= figure.bbox.width
