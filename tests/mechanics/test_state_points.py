"""Points of P(V) from walks whose averages are known, and curves through both branches."""

import numpy as np
import pytest
from scipy.signal import lfilter

from nearsight.mechanics import pressure_curve
from nearsight.mechanics.state_points import (
    StatePoint,
    agreement,
    around_maximum,
    joined,
    state_point,
)

V0, K = 9100.0, 37.0
P_MAX, V_MAX = K / 34.0, V0 * 16.0 / 17.0


def pressure(volumes):
    """Strain softening: the maximum K / 34 lies at a compression of 1 / 17."""
    s = 1.0 - np.asarray(volumes) / V0
    return K * (s - 17.0 * s**2 / 2.0)


def volume(p):
    """Of the stable branch at a pressure."""
    return V0 * (1.0 - (1.0 - np.sqrt(1.0 - 34.0 * p / K)) / 17.0)


def walk(mean, spread, n=800, tau=3.0, rng=0):
    """Correlated samples around a mean."""
    a = np.exp(-1.0 / tau)
    noise = np.sqrt(1.0 - a**2) * np.random.default_rng(rng).standard_normal(n + 100)
    return mean + spread * lfilter([1.0], [1.0, -a], noise)[100:]


def stable(rng, pressures=(-0.5, 0.0, 0.25, 0.5, 0.75, 1.0)):
    return [state_point("stable", p, walk(volume(p), 40.0, rng=rng), "") for p in pressures]


def unstable(rng, shift=0.0):
    grid = V0 * np.array([1.023, 1.003, 0.983, 0.963, 0.943, 0.923, 0.903])
    walks = [walk(pressure(v) + shift, 0.15, rng=rng) for v in grid]
    return [state_point("unstable", v, x, "") for v, x in zip(grid, walks, strict=True)]


def point(v, p, v_error=0.0, p_error=0.0, branch="unstable", message=""):
    return StatePoint(branch, v, v_error, p, p_error, message)


@pytest.mark.parametrize("branch", ["stable", "unstable"])
def test_what_was_free_is_averaged_and_what_was_set_is_exact(branch):
    told = state_point(branch, 0.5, walk(7.0, 1.0), "")
    free, free_error, fixed, fixed_error = (
        told.volume,
        told.volume_error,
        told.pressure,
        told.pressure_error,
    )
    if branch == "unstable":
        free, free_error, fixed, fixed_error = fixed, fixed_error, free, free_error
    assert told.sound
    assert (fixed, fixed_error) == (0.5, 0.0)
    assert 0.03 < free_error < 0.2  # 800 samples, about six of which count as one
    assert abs(free - 7.0) < 4.0 * free_error
    assert 50 < told.effective < 300


def test_errors_are_the_scatter_of_walks():
    rng = np.random.default_rng(1)
    away = [
        (told.pressure - pressure(told.volume)) / told.pressure_error
        for _ in range(20)
        for told in unstable(rng)
    ]
    assert np.std(away) == pytest.approx(1.0, abs=0.2)


def test_what_comes_before_equilibrium_is_left_out():
    settling = walk(9000.0, 40.0) + 600.0 * np.exp(-np.arange(800) / 40.0)
    told = state_point("stable", 0.0, settling, "")
    assert told.sound
    assert 0.05 < told.start < 0.5
    assert abs(told.volume - 9000.0) < 4.0 * told.volume_error


@pytest.mark.parametrize(
    ("series", "stop", "says"),
    [
        (walk(9000.0, 40.0)[:9], "", "too short: 9 samples, and 10 are the least"),
        ([], "", "too short: 0 samples"),
        (walk(9000.0, 40.0, n=30, tau=10.0), "", "too short or still drifts"),
        (walk(9000.0, 40.0) - 0.5 * np.arange(800), "", "still drifts: 2.* independent samples"),
        (walk(9000.0, 40.0), "a bond broke", "^a bond broke$"),
        ([9000.0], "the volume left its range", "^the volume left its range$"),
    ],
)
def test_a_walk_that_does_not_count_says_why(series, stop, says):
    told = state_point("stable", 0.2, series, stop)
    assert not told.sound
    assert told.pressure == 0.2
    with pytest.raises(ValueError, match=says):
        raise ValueError(told.message)


def test_joined_takes_what_counts_in_order_of_volume():
    points = [point(3.0, 1.0), point(1.0, 3.0), point(2.0, np.nan, message="lost")]
    v, p, errors = joined(points)
    np.testing.assert_array_equal([v, p, errors], [[1.0, 3.0], [3.0, 1.0], [0.0, 0.0]])
    assert [column.shape for column in joined([])] == [(0,)] * 3
    assert len(joined(points[2:])[0]) == 0


def test_an_error_of_a_volume_is_one_of_pressure():
    """Also where points of two branches lie closer than their errors."""
    rng = np.random.default_rng(2)
    grid = V0 * np.linspace(0.9, 1.02, 9)
    for _ in range(20):
        twins = grid + rng.uniform(-1.0, 1.0, len(grid))
        points = [point(v, pressure(v) + rng.normal(0, 0.005), 0.0, 0.005) for v in grid]
        points += [point(v + rng.normal(0, 4), pressure(v), 4.0, 0.0, "stable") for v in twins]
        v, _, errors = joined(points)
        slope = K / V0 * np.abs(1.0 - 17.0 * (1.0 - v / V0))
        wanted = np.where(np.isin(v, grid), 0.005, 4.0 * slope)
        np.testing.assert_allclose(errors, wanted, rtol=0.1, atol=0.001)


@pytest.mark.parametrize("count", [1, 2])
def test_few_points_have_no_slope(count):
    points = [point(9000.0 + i, 0.1 * i, 5.0, 0.3, "stable") for i in range(count)]
    np.testing.assert_array_equal(joined(points)[2], [0.3] * count)


def test_errors_of_both_add_in_squares():
    line = [point(9000.0 + 10 * i, -0.04 * i, 100.0, 0.3) for i in range(4)]
    np.testing.assert_allclose(joined(line)[2], 0.5)


def test_branches_that_agree_differ_by_their_errors():
    rng = np.random.default_rng(3)
    told = [agreement(stable(rng) + unstable(rng)) for _ in range(25)]
    assert all(len(both.volumes) == 6 for both in told)
    assert np.sqrt(np.mean([both.chi**2 for both in told])) == pytest.approx(1.0, abs=0.2)
    differences = np.array([both.differences for both in told])
    assert np.all(np.abs(differences.mean(axis=0)) < 0.01)


@pytest.mark.parametrize("shift", [0.1, -0.1])
def test_branches_that_disagree_are_seen(shift):
    rng = np.random.default_rng(4)
    both = agreement(stable(rng) + unstable(rng, shift))
    assert both.chi > 3.0
    assert both.rms == pytest.approx(0.1, rel=0.3)
    assert np.sign(both.differences.mean()) == -np.sign(shift)


def test_agreement_on_a_line_by_hand():
    line = [point(v, -0.01 * v, p_error=0.2) for v in (100.0, 110.0, 110.0, 120.0)]
    both = agreement([*line, point(105.0, -1.0, v_error=30.0, branch="stable")])
    np.testing.assert_allclose(both.volumes, 105.0)
    np.testing.assert_allclose(both.differences, 0.05)
    weights = np.array([0.375, 0.75, -0.125])  # of a parabola
    np.testing.assert_allclose(both.errors, np.hypot(0.2 * np.linalg.norm(weights), 0.3))
    assert both.chi == pytest.approx(both.rms / both.errors[0])


@pytest.mark.parametrize(
    "points",
    [
        [],
        [point(100.0, 1.0), point(110.0, 0.0)],
        [point(100.0, 1.0), point(105.0, 0.5, branch="stable")],
        [point(100.0, 1.0), point(110.0, 0.0), point(120.0, -1.0, branch="stable")],
        [point(100.0, 1.0), point(110.0, 0.0), point(105.0, 0.5, 0, 0, "stable", "lost")],
        [point(100.0, 1.0), point(110.0, 0.0, message="lost"), point(105.0, 0.5, branch="stable")],
    ],
)
def test_without_overlap_there_is_nothing_to_compare(points):
    assert agreement(points) is None


@pytest.mark.parametrize(
    ("v_max", "wanted"),
    [
        (125.0, [115.0, 125.0, 135.0]),
        (101.0, [105.0, 115.0]),
        (149.0, [135.0, 145.0]),
        (90.0, [105.0, 115.0]),
        (160.0, [135.0, 145.0]),
    ],
)
def test_a_grid_is_refined_around_its_maximum(v_max, wanted):
    grid = [point(v, 0.0) for v in (150.0, 100.0, 110.0, 120.0, 130.0, 140.0, 140.0)]
    grid.append(point(123.0, 0.0, branch="stable"))
    assert around_maximum(grid, v_max) == wanted


def test_refining_again_halves_again():
    grid = [point(v, 0.0) for v in (100.0, 110.0, 120.0, 130.0)]
    grid += [point(v, 0.0) for v in around_maximum(grid, 114.0)]
    assert around_maximum(grid, 114.0) == [107.5, 112.5, 117.5]


def test_one_volume_is_no_grid():
    assert around_maximum([point(100.0, 0.0)], 100.0) == []
    assert around_maximum([], 100.0) == []


def test_walks_on_both_branches_give_the_landmarks():
    rng = np.random.default_rng(5)
    away = []
    for _ in range(4):
        points = stable(rng) + unstable(rng)
        points += [state_point("unstable", 8000.0, [5.0], "a bond broke")]
        curve = pressure_curve(*joined(points))
        assert curve.p_max is not None
        finer = around_maximum(points, curve.v_max)
        points += [state_point("unstable", v, walk(pressure(v), 0.15, rng=rng), "") for v in finer]
        curve = pressure_curve(*joined(points))
        assert curve.v_max == pytest.approx(V_MAX, rel=0.01)
        assert curve.v0_error < 0.002 * V0
        assert curve.k0_error < 0.15 * K
        assert curve.p_max_error < 0.03 * P_MAX
        away.append(
            [
                (curve.v0 - V0) / curve.v0_error,
                (curve.k0 - K) / curve.k0_error,
                (curve.p_max - P_MAX) / curve.p_max_error,
            ]
        )
    assert np.abs(away).max() < 4.0
    assert np.mean(np.abs(away) < 2.0) >= 0.8
