"""Frames even in volume."""

import numpy as np
import pytest

from nearsight.sampling.frames import uniform_in_volume


def test_choice_is_even_although_the_frames_crowd_at_one_end():
    rng = np.random.default_rng(0)
    volumes = 8500 + 1200 * rng.random(2000) ** 3
    chosen = uniform_in_volume(volumes, 60, (8500, 9700))
    assert len(set(chosen.tolist())) == 60
    counts, _ = np.histogram(volumes[chosen], bins=6, range=(8500, 9700))
    assert counts.min() >= 8
    assert counts.max() <= 12


def test_frames_outside_are_never_chosen():
    volumes = np.array([1.0, 5.0, 5.5, 6.0, 90.0])
    assert uniform_in_volume(volumes, 3, (4, 7)).tolist() == [1, 2, 3]


def test_too_few_frames_are_refused_with_the_numbers():
    with pytest.raises(ValueError, match="4 frames were asked for, but only 3 of 5"):
        uniform_in_volume(np.array([1.0, 5.0, 5.5, 6.0, 90.0]), 4, (4, 7))
