"""Walks in legs: what they average, how they end, and that a killed one goes on."""

from importlib.util import find_spec
from multiprocessing import get_context

import numpy as np
import pytest
from softening import LEVEL, crystal, pressure

from nearsight.references import Execution
from nearsight.sampling import WalkSpec
from storage import open_lake
from tasks.explore import put_structure, read_walk
from tasks.respond import LongWalk, mean_structure, read_response, respond, response_origin, walk_on

needs_yaff = pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")

LEG = WalkSpec(
    temperature=20.0,
    duration=200.0,
    timestep=2.0,
    frame_interval=4.0,
    barostat_time=25.0,
    bulk_modulus=100.0,
)
SPEC = LongWalk(legs=3, leg=LEG)


@pytest.fixture
def start(lake):
    return put_structure(lake, crystal(), "soft")


@pytest.mark.parametrize(
    "other",
    [
        {"start": "c" * 64},
        {"explorer": LEVEL},
        {"spec": LongWalk(legs=4, leg=LEG)},
        {"branch": "unstable"},
        {"fixed": 1.0},
        {"seed": 1},
    ],
)
def test_the_key_is_all_that_decides(other):
    same = {
        "start": "a" * 64,
        "explorer": "b" * 64,
        "spec": SPEC,
        "branch": "stable",
        "fixed": 0.0,
        "seed": 0,
    }
    assert response_origin(**same).key == response_origin(**same).key
    assert response_origin(**(same | other)).key != response_origin(**same).key


@pytest.mark.parametrize("branch", ["stable", pytest.param("unstable", marks=needs_yaff)])
def test_a_walk_says_a_point_of_the_curve(work, start, branch):
    fixed = 1.0 if branch == "stable" else crystal().get_volume()
    state = respond.fn(work, "soft", start, LEVEL, SPEC, branch, fixed, 0)
    point, mean = read_response(work.lake, state.data)
    assert point.sound, point.message
    error = np.hypot(point.pressure_error, 0.27 * point.volume_error)
    assert point.pressure == pytest.approx(pressure(point.volume), abs=4.0 * error + 0.05)
    record = work.lake.get("response", state.data)
    walks = [read_walk(work.lake, key) for key in record.metadata["walks"]]
    assert len(walks) == 3
    assert len(record.arrays["energies"]) == sum(len(w) - 1 for w in walks)
    np.testing.assert_allclose(walks[1].positions[0], walks[0].positions[-1], atol=1e-9)
    assert mean.get_volume() == pytest.approx(point.volume, rel=2e-3)
    away = mean.get_scaled_positions() - crystal().get_scaled_positions()
    assert np.abs(away - np.round(away)).max() < 0.02
    assert respond.fn(work, "soft", start, LEVEL, SPEC, branch, fixed, 0).name == "Cached"


def test_a_walk_that_collapses_is_told_from_the_start_of_all_legs(work, start):
    """At more than the largest pressure the volume falls without end, a little in every leg."""
    leg = LEG.model_copy(update={"duration": 20.0, "volume_range": (0.9, 1.1)})
    spec = LongWalk(legs=40, leg=leg)
    key = respond.fn(work, "soft", start, LEVEL, spec, "stable", 5.0, 0).data
    point, _ = read_response(work.lake, key)
    assert not point.sound
    assert "of the start, outside 0.9 to 1.1" in point.message
    assert 1 < len(work.lake.get("response", key).metadata["walks"]) < 40


def test_a_start_that_is_not_sane_is_no_point(work):
    atoms = crystal()
    atoms.positions[1] = atoms.positions[0] + 0.1
    start = put_structure(work.lake, atoms, "soft")
    point, mean = read_response(
        work.lake, respond.fn(work, "soft", start, LEVEL, SPEC, "stable", 0.0, 0).data
    )
    assert "the start is not sane" in point.message
    assert not point.sound
    assert mean == atoms


def _walk(url, key, start):
    walk_on(open_lake(url), key, start, LEVEL, SPEC, "stable", 1.0, 0, Execution())


def test_a_walk_that_was_killed_goes_on_from_its_last_leg(lake, start, tmp_path):
    key = response_origin(start, LEVEL, SPEC, "stable", 1.0, 0).key
    victim = get_context("spawn").Process(target=_walk, args=(lake.url, key, start))
    victim.start()
    while not lake.keys("walk"):
        assert victim.is_alive()
    victim.kill()
    victim.join()
    before = set(lake.keys("walk"))
    assert 1 <= len(before) < 3
    assert not lake.has("response", key)
    _walk(lake.url, key, start)
    assert before < set(lake.keys("walk"))
    assert len(lake.keys("walk")) == 3
    calm = open_lake(tmp_path / "calm")
    put_structure(calm, crystal(), "soft")
    _walk(calm.url, key, start)
    here, there = (place.get("response", key).arrays for place in (lake, calm))
    assert all(np.array_equal(here[name], there[name]) for name in there)


def test_more_legs_go_on_where_fewer_ended(work, start):
    spec = LongWalk(legs=1, leg=LEG.model_copy(update={"duration": 20.0}))
    for legs in (1, 2):
        longer = spec.model_copy(update={"legs": legs})
        respond.fn(work, "soft", start, LEVEL, longer, "stable", 0.0, 0)
    assert len(work.lake.keys("walk")) == 2


def test_means_are_of_cells_and_of_places_within_them(lake, work, start):
    key = respond.fn(work, "soft", start, LEVEL, SPEC, "stable", 0.0, 1).data
    walks = [read_walk(lake, k) for k in lake.get("response", key).metadata["walks"]]
    mean = mean_structure(crystal(), walks, 0)
    frames = [w.frame(i) for w in walks for i in range(1, len(w))]
    np.testing.assert_allclose(mean.cell, np.mean([f.cell for f in frames], axis=0))
    late = mean_structure(crystal(), walks, len(frames) - 1)
    np.testing.assert_allclose(late.positions, frames[-1].positions)
    assert mean_structure(crystal(), walks, len(frames)) == crystal()


def test_what_makes_no_legs_is_refused():
    with pytest.raises(ValueError, match="the flow sets the pressure"):
        LongWalk(leg=WalkSpec(pressure=(0.0, 1.0)))
    with pytest.raises(ValueError, match="no multiple of the time between kept frames"):
        LongWalk(leg=WalkSpec(pressure=None, duration=100.0, frame_interval=30.0))
