import numpy as np

from nearsight.figures import structure


def test_unknown_atoms_are_ringed_and_all_atoms_coloured(framework, surprise, artist):
    unknown = surprise > 12
    figure = structure(framework, surprise, unknown)
    main, bar, key = figure.axes
    assert 0 < unknown.sum() < 50
    assert len(artist(main, "unknown").get_paths()) == unknown.sum()
    assert artist(key, "unknown") is None
    assert len(artist(main, "atoms and bonds").get_paths()) > len(framework)
    assert len(artist(main, "cell").get_segments()) == 12
    assert "surprise" in bar.get_xlabel()
    labels = [text.get_text() for text in key.get_legend().get_texts()]
    assert labels == ["Zr", "O", "C", "H", f"unknown ({unknown.sum()})"]


def test_the_brightest_thing_is_the_most_uncertain_atom(framework, surprise, artist):
    figure = structure(framework, surprise, surprise > 12, view=(0.0, 0.0))
    drawn = artist(figure.axes[0], "atoms and bonds")
    bright = np.flatnonzero(drawn.get_facecolors()[:, 0] > 0.9)
    centre = framework.positions[surprise.argmax(), :2]
    boxes = [drawn.get_paths()[k].get_extents() for k in bright]
    assert boxes  # the atom, and its halves of its bonds
    largest = max(boxes, key=lambda box: box.width * box.height)
    np.testing.assert_allclose((largest.p0 + largest.p1) / 2, centre, atol=0.01)
    assert len(bright) <= 5


def test_an_element_never_met(framework, surprise):
    surprise[framework.numbers == 40] = np.inf
    bar = structure(framework, surprise, np.isinf(surprise)).axes[1]
    assert bar.get_xlabel().endswith("∞ for 24")


def test_elements_only(framework):
    (axes,) = structure(framework).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["Zr", "O", "C", "H"]
