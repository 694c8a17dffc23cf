import numpy as np
import pytest

from nearsight.figures import feature_map

TYPES = np.repeat(["C(C,C,H)", "C(C,O,O)"], 30)


def clouds(size):
    rng = np.random.default_rng(0)
    return size * (rng.normal(size=(60, 4)) + np.repeat([[0.0], [9.0]], 30, axis=0))


def test_the_defect_is_on_top_and_scales_are_the_same(artist):
    new = np.array(["C(H,O,O)"] * 5 + ["C(C,O,O)"] * 3)
    figure = feature_map(clouds(0.01), clouds(1.0), TYPES, clouds(1.0)[:8] + 20, new)
    a, b, c = figure.axes
    assert len(artist(c, "new").get_offsets()) == 5
    assert artist(b, "new") is None
    for limits in ("get_xlim", "get_ylim"):
        assert np.ptp(getattr(a, limits)()) == pytest.approx(np.ptp(getattr(b, limits)()))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "C(C,C,H) aromatic C–H (30)",
        "C(C,O,O) carboxylate (30)",
        "new: C(H,O,O) formate (5)",
    ]
    drawn = np.concatenate([s.get_offsets() for s in a.collections])
    assert (np.abs(drawn - drawn.mean(axis=0)) < 0.2).all()


def test_nothing_new_is_no_point_more(artist):
    figure = feature_map(clouds(1.0), clouds(1.0), TYPES, clouds(1.0), TYPES)
    assert artist(figure.axes[2], "new") is None
