import numpy as np
import pytest

from nearsight.sampling import WalkSpec
from nearsight.systems import System, build
from tasks.explore import read_structure, read_walk, start_structure, walk_origin


def test_a_start_structure_is_the_system(lake):
    system = System(variant="ld")
    key = start_structure(lake, system)
    assert key == start_structure(lake, system)
    atoms, expected = read_structure(lake, key), build(system)
    assert atoms == expected
    assert lake.get("structure", key).metadata["system"] == "S_ld"


@pytest.mark.parametrize(
    "other",
    [
        {"start": "c" * 64},
        {"model": "c" * 64},
        {"spec": WalkSpec(temperature=300)},
        {"seed": 2},
    ],
)
def test_the_key_of_a_walk_is_start_model_spec_and_seed(other):
    same = {"start": "a" * 64, "model": "b" * 64, "spec": WalkSpec(), "seed": 1}
    assert walk_origin(**same).key == walk_origin(**same).key
    assert walk_origin(**(same | other)).key != walk_origin(**same).key


def test_a_walk_comes_back_whole(finished):
    campaign, lake = finished
    (key,) = lake.keys("walk")
    walk, record = read_walk(lake, key), lake.get("walk", key)
    assert walk.times[0] == 0
    assert walk.times[-1] <= campaign.walk.duration
    assert walk.positions.shape == (len(walk), 448, 3)
    assert walk.stop == record.metadata["stop"]
    low, high = campaign.walk.pressure
    assert low <= walk.pressure <= high
    start = read_structure(lake, record.metadata["start"])
    np.testing.assert_allclose(walk.positions[0], start.positions, atol=1e-5)
