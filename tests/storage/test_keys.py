import numpy as np
import pytest

from storage import content_key, structure_key
from storage.keys import canonical_json

WATER = ([8, 1, 1], [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]])


def test_keys_are_the_same_for_ever():
    assert content_key("label", {"level": "teacher", "seed": 7}, ["ab"]) == (
        "e6c5681b47bc123fdcc68ccba53f7f95ad5e60a20a5833ff2768f7d2bbbf3e17"
    )
    assert structure_key(*WATER, np.eye(3) * 10, True) == (
        "8f0b5112b36c7ddb3e44e75a42674ecb0cfe905ecbdb0083a5093625e7b35988"
    )


def test_equal_specs_share_a_key():
    one = content_key("walk", {"a": 1.5, "b": (1, 2), "c": {"x": None, "y": True}})
    same = {"c": {"y": np.bool_(True), "x": None}, "b": [1, np.int64(2)], "a": np.float64(1.5)}
    assert content_key("walk", same) == one
    assert content_key("walk", {"z": -0.0}) == content_key("walk", {"z": 0.0})


def test_all_that_matters_changes_the_key():
    keys = {
        content_key("walk", {"a": 1}),
        content_key("label", {"a": 1}),
        content_key("walk", {"a": 2}),
        content_key("walk", {"a": 1}, ["00"]),
        content_key("walk", {"a": 1}, ["00", "11"]),
        content_key("walk", {"a": 1}, ["11", "00"]),
        content_key("walk", {"a": 1}, schema=99),
    }
    assert len(keys) == 7


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32("nan"), [{"a": -np.inf}]])
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match="no place"):
        content_key("walk", value)


@pytest.mark.parametrize("value", [{1: 2}, {1, 2}, b"bytes", np.zeros(2), object()])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(TypeError):
        content_key("walk", value)


def test_canonical_json_has_no_choice():
    assert canonical_json({"b": [1, 2.50], "a": "Å"}) == '{"a":"\\u00c5","b":[1,2.5]}'


def test_geometry_counts_and_noise_does_not():
    numbers, positions = WATER
    cell = np.eye(3) * 10
    key = structure_key(numbers, positions, cell, True)
    noisy = np.array(positions) + 1e-9 * np.array([1, -1, 1])
    assert structure_key(np.array(numbers, np.uint8), noisy, cell + 1e-9, [1, 1, 1]) == key
    assert structure_key(numbers, -np.array(positions) * -1, cell, True) == key
    moved = np.array(positions) + 1e-5
    others = {
        structure_key(numbers, moved, cell, True),
        structure_key([8, 1, 2], positions, cell, True),
        structure_key(numbers[::-1], positions[::-1], cell, True),
        structure_key(numbers, positions, cell * 1.01, True),
        structure_key(numbers, positions, cell, [True, True, False]),
    }
    assert len(others) == 5
    assert key not in others


def test_cell_vectors_that_are_not_periodic_do_not_count():
    box = np.diag([10.0, 11.0, 12.0])
    finite = structure_key(*WATER, np.zeros((3, 3)), False)
    assert structure_key(*WATER, box, False) == finite
    slab = structure_key(*WATER, box, [True, True, False])
    assert structure_key(*WATER, np.diag([10, 11, 50]), [True, True, False]) == slab


def test_geometry_that_is_none_is_refused():
    with pytest.raises(ValueError, match="finite"):
        structure_key([1], [[0, 0, np.nan]], np.eye(3), True)
    with pytest.raises(ValueError, match="must be"):
        structure_key([1, 1], [[0, 0, 0]], np.eye(3), True)
