import numpy as np

from nearsight.figures.selection import selection


def test_only_the_chosen_have_colour(framework, artist):
    chosen = np.arange(len(framework)) < 18
    (axes,) = selection(framework, chosen, label="elsewhere").axes
    drawn = artist(axes, "atoms and bonds")
    opaque = drawn.get_facecolor()[:, 3] == 1
    assert 18 < opaque.sum() < 18 * 8
    assert (drawn.get_edgecolor()[~opaque, 3] < 0.5).all()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["Zr", "O", "H", "elsewhere (438)"]


def test_everything_and_nothing(framework):
    for chosen in (np.ones(len(framework), dtype=bool), np.zeros(len(framework), dtype=bool)):
        (axes,) = selection(framework, chosen).axes
        assert len(axes.get_legend().get_texts()) == (4 if chosen.all() else 1)
