import numpy as np
import pytest

from nearsight.figures import feature_space


def clouds(n=60, seed=0):
    """Two types far apart along one hidden direction of 8."""
    rng = np.random.default_rng(seed)
    types = np.array(["C(C,C,H)", "C(C,O,O)"] * n)
    features = rng.normal(0, 0.1, (2 * n, 8))
    features[:, 3] += np.where(types == "C(C,O,O)", 10.0, 0.0)
    return features, types


def test_types_fall_apart_along_the_first_component():
    features, types = clouds()
    (axes,) = feature_space(features, types).axes
    first, second = (scatter.get_offsets().data[:, 0] for scatter in axes.collections)
    assert first.max() + 5 < second.min() or second.max() + 5 < first.min()
    assert "% of variance" in axes.get_xlabel()
    assert "C features" in axes.get_xlabel()


def test_new_environments_do_not_move_the_components():
    features, types = clouds()
    new = np.full((7, 8), 100.0)
    (alone,) = feature_space(features, types).axes
    (both,) = feature_space(features, types, new).axes
    np.testing.assert_allclose(
        alone.collections[0].get_offsets().data, both.collections[0].get_offsets().data
    )
    (added,) = [c for c in both.collections if c.get_gid() == "new"]
    assert len(added.get_offsets()) == 7


def test_the_legend_names_types_as_chemists_do():
    features, types = clouds()
    figure = feature_space(features, types, features[:2], new_label="formate")
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["C(C,C,H) aromatic C–H (60)", "C(C,O,O) carboxylate (60)", "formate (2)"]


def test_many_points_are_thinned():
    features, types = clouds(500)
    (axes,) = feature_space(features, types, max_points=100).axes
    assert sum(len(scatter.get_offsets()) for scatter in axes.collections) == 100


def test_too_little_for_two_components():
    with pytest.raises(ValueError, match="at least 3 atoms"):
        feature_space(np.zeros((2, 8)), np.array(["C()", "C()"]))
