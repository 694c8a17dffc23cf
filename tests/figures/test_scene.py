import json

import numpy as np

from nearsight.figures import scene


def test_a_scene_is_complete_json_around_the_centre(framework, surprise):
    surprise[7] = np.inf
    made = scene(framework, surprise, surprise > 12)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    n = len(framework)
    for key in ("symbols", "positions", "radii", "by_uncertainty", "by_element", "unknown"):
        assert len(made[key]) == n
    assert made["uncertainty"][7] == "∞"
    assert sum(made["unknown"]) == (surprise > 12).sum()
    assert len(made["edges"]) == 12
    assert abs(np.mean(made["edges"], axis=(0, 1))).max() < 1e-6


def test_no_bond_crosses_the_picture(framework, surprise):
    made = scene(framework, surprise, surprise > 12)
    positions = np.array(made["positions"])
    first, second = np.array(made["bonds"]).T
    assert len(first) > 400
    assert np.linalg.norm(positions[first] - positions[second], axis=1).max() < 2.8
