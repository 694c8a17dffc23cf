"""Blocks put back in one piece."""

import numpy as np

from nearsight.blocks.images import endless_directions, whole_blocks


def test_a_chain_across_the_boundary_and_a_lone_atom():
    pairs = np.array([[0, 2], [1, 3], [2, 3]])
    shifts = np.array([[1, 0, 0], [0, -1, 0], [0, 0, 1]])
    offsets = whole_blocks(np.array([0, 0, 0, 0, 1]), pairs, shifts)
    np.testing.assert_array_equal(offsets, [[0, 0, 0], [1, 1, 1], [1, 0, 0], [1, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(offsets[pairs[:, 0]] + shifts, offsets[pairs[:, 1]])


def test_a_long_chain_from_its_middle():
    n = 1000
    order = np.random.default_rng(0).permutation(n)
    pairs = np.sort(np.column_stack([order[:-1], order[1:]]), axis=1)
    shifts = np.random.default_rng(1).integers(-1, 2, (n - 1, 3))
    offsets = whole_blocks(np.zeros(n, dtype=int), pairs, shifts)
    np.testing.assert_array_equal(offsets[pairs[:, 0]] + shifts, offsets[pairs[:, 1]])
    assert not offsets[0].any()


def test_a_chain_without_end_and_one_with():
    pairs = np.array([[0, 1], [0, 1], [2, 3]])
    shifts = np.array([[0, 0, 0], [0, 0, -1], [0, 1, 0]])
    labels = np.array([0, 0, 1, 1])
    offsets = np.array([[0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1, 0]])
    endless = endless_directions(labels, pairs, shifts, offsets)
    assert list(endless) == [0]
    np.testing.assert_array_equal(endless[0], [[0, 0, -1]])
