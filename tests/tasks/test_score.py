import numpy as np

from nearsight.potentials import load
from tasks.explore import read_walk
from tasks.score import known, read_density


def test_scores_are_the_densitys_own(finished):
    _, lake = finished
    (key,) = lake.keys("scores")
    record = lake.get("scores", key)
    density = read_density(lake, record.metadata["density"])
    model = lake.get("density", record.metadata["density"]).metadata["model"]
    walk = read_walk(lake, record.metadata["walk"])
    features = load(model, lake).features(walk.frame(0))
    np.testing.assert_allclose(
        record.arrays["surprise"][0], density.surprise(features, walk.numbers), rtol=1e-3, atol=0.05
    )
    assert record.arrays["surprise"].shape == (len(walk), len(walk.numbers))
    assert record.arrays["features"].shape[:2] == (len(walk), len(walk.numbers))


def test_a_data_set_vouches_for_the_core_of_a_cluster_alone(finished):
    _, lake = finished
    cluster = lake.keys("cluster")[0]
    core = lake.get("cluster", cluster).arrays["core"]
    np.testing.assert_array_equal(known(lake, "", cluster), core)
    assert 0 < core.sum() < len(core)
    crystal = lake.keys("label")[0]
    assert known(lake, crystal, "").all()
