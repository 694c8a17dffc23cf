"""Errors of averages, on processes whose correlation time is known."""

import numpy as np
import pytest
from scipy.signal import lfilter

from nearsight.mechanics.statistics import average, block_errors, statistical_inefficiency


def autoregressive(tau, n, seed, mean=0.0):
    """AR(1) of unit variance with correlation exp(-t / tau)."""
    a = np.exp(-1.0 / tau)
    noise = np.sqrt(1.0 - a**2) * np.random.default_rng(seed).standard_normal(n + 500)
    return mean + lfilter([1.0], [1.0, -a], noise)[500:]


def exact(tau):
    a = np.exp(-1.0 / tau)
    return (1.0 + a) / (1.0 - a)


@pytest.mark.parametrize("tau", [1.0, 5.0, 20.0])
def test_inefficiency_of_a_known_process(tau):
    found = [statistical_inefficiency(autoregressive(tau, 20_000, seed)) for seed in range(8)]
    assert np.mean(found) == pytest.approx(exact(tau), rel=0.15)


def test_white_noise_counts_every_sample():
    noise = np.random.default_rng(1).standard_normal(10_000)
    assert statistical_inefficiency(noise) == pytest.approx(1.0, abs=0.1)


def test_the_error_is_the_scatter_of_repeated_averages():
    walks = [average(autoregressive(10.0, 4000, seed, mean=3.0)) for seed in range(150)]
    scatter = np.std([walk.mean for walk in walks])
    assert np.sqrt(np.mean([walk.error**2 for walk in walks])) == pytest.approx(scatter, rel=0.2)
    assert np.mean([walk.mean for walk in walks]) == pytest.approx(3.0, abs=4 * scatter / 12)


@pytest.mark.parametrize("tau", [3.0, 10.0])
def test_errors_of_short_walks_can_be_trusted(tau):
    walks = [average(autoregressive(tau, 250, seed)) for seed in range(200)]
    covered = [abs(walk.mean) < 2.0 * walk.error for walk in walks]
    assert 0.8 < np.mean(covered) < 0.99


def test_block_errors_level_off_where_the_correlation_ends():
    tau, n = 10.0, 2**15
    lengths, errors = block_errors(autoregressive(tau, n, 2))
    assert lengths[0] == 1
    assert errors[0] == pytest.approx(1.0 / np.sqrt(n), rel=0.1)
    long = (lengths > 10 * tau) & (lengths < n / 50)
    assert errors[long].mean() == pytest.approx(np.sqrt(exact(tau) / n), rel=0.2)


def test_a_relaxing_start_is_left_out():
    settled = autoregressive(5.0, 4000, 3, mean=1.0)
    walk = average(settled + 10.0 * np.exp(-np.arange(4000) / 150.0))
    assert 300 <= walk.start <= 1500
    assert abs(walk.mean - 1.0) < 4.0 * walk.error
    assert average(settled).start < 1000


def test_a_series_that_does_not_move_is_exact():
    walk = average(np.full(50, 2.0))
    assert walk.mean == 2.0
    assert walk.error == 0.0


@pytest.mark.parametrize(
    ("series", "says"),
    [
        (np.zeros(9), "at least 10"),
        (np.zeros((5, 5)), "at least 10"),
        (np.full(20, np.nan), "20 of 20"),
    ],
)
@pytest.mark.parametrize("function", [average, statistical_inefficiency, block_errors])
def test_what_has_no_average_is_refused(function, series, says):
    with pytest.raises(ValueError, match=says):
        function(series)
