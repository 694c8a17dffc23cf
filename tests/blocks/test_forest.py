"""Spanning forests and bridges of small graphs."""

import numpy as np
import pytest

from nearsight.blocks.forest import components, find_bridges, spanning_forest


def test_components_are_numbered_by_first_nodes():
    assert components(5, np.array([[3, 0], [1, 4]])).tolist() == [0, 1, 2, 0, 1]


def test_every_piece_has_a_tree_around_its_first_node():
    pairs = np.array([[0, 1], [1, 2], [3, 4]])
    assert spanning_forest(np.array([0, 0, 0, 1, 1, 2]), pairs).tolist() == [0, 0, 1, 3, 3, 5]


def test_two_rings_and_what_joins_them():
    rings = [[0, 1], [1, 2], [0, 2], [4, 5], [5, 6], [6, 7], [4, 7]]
    pairs = np.array([*rings, [2, 3], [3, 4], [7, 8]])
    assert find_bridges(10, pairs).tolist() == [False] * 7 + [True] * 3


@pytest.mark.parametrize("seed", range(5))
def test_without_a_bridge_and_only_then_ends_fall_apart(seed):
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, 60, (70, 2))
    pairs = np.unique(np.sort(drawn[drawn[:, 0] != drawn[:, 1]], axis=1), axis=0)
    for bond, bridge in enumerate(find_bridges(60, pairs)):
        labels = components(60, np.delete(pairs, bond, axis=0))
        assert bridge == (labels[pairs[bond, 0]] != labels[pairs[bond, 1]])


def test_nothing():
    assert find_bridges(0, np.empty((0, 2), dtype=np.int64)).size == 0
