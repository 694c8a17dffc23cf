"""Landmarks of pressure-volume curves that are known, clean and noisy, whole and in parts."""

import numpy as np
import pytest

from nearsight.mechanics import UnphysicalFit, pressure_curve

V0, K = 9100.0, 37.0
P_MAX = K / 34.0
V = V0 * (1.0 - np.linspace(-0.02, 0.095, 24))


def crystal(volumes, k=K):
    """Strain softening: the maximum K / 34 lies at a compression of 1 / 17."""
    s = 1.0 - np.asarray(volumes) / V0
    return k * (s - 17.0 * s**2 / 2.0)


def tent(volumes):
    """A kink at 3 % compression."""
    s = 1.0 - np.asarray(volumes) / V0
    return np.where(s < 0.03, K * s, K * 0.03 - 15.0 * (s - 0.03))


def test_a_clean_curve_gives_its_landmarks():
    curve = pressure_curve(V, crystal(V))
    assert curve.v0 == pytest.approx(V0, abs=0.5)
    assert curve.k0 == pytest.approx(K, rel=0.003)
    assert curve.p_max == pytest.approx(P_MAX, rel=0.001)
    assert curve.v_max == pytest.approx(V0 * 16 / 17, rel=0.003)
    assert curve.k0_error < 1.0
    np.testing.assert_allclose(curve.pressures, crystal(curve.volumes), atol=2e-3)
    assert np.all(np.diff(curve.volumes) > 0)


def test_order_lists_and_seeds():
    order = np.random.default_rng(0).permutation(len(V))
    noisy = crystal(V) + np.random.default_rng(1).normal(scale=0.01, size=len(V))
    one = pressure_curve(V, noisy, 0.01, seed=1)
    shuffled = pressure_curve(V[order].tolist(), noisy[order].tolist(), [0.01] * len(V), seed=1)
    other = pressure_curve(V, noisy, 0.01, seed=2)
    assert shuffled.k0 == pytest.approx(one.k0, rel=1e-5)
    assert shuffled.p_max == pytest.approx(one.p_max, rel=1e-5)
    assert (one.v0, one.k0, one.p_max) == (other.v0, other.k0, other.p_max)
    assert one.k0_error != other.k0_error
    assert one.k0_error == pytest.approx(other.k0_error, rel=0.4)


@pytest.mark.parametrize("told", [True, False])
def test_errors_cover_the_truth(told):
    rng = np.random.default_rng(2)
    deviations = []
    for _ in range(8):
        volumes = V0 * (1.0 - np.append(rng.uniform(-0.02, 0.095, 14), [-0.02, 0.095]))
        noisy = crystal(volumes) + rng.normal(scale=0.01, size=16)
        curve = pressure_curve(volumes, noisy, 0.01 if told else None)
        deviations.append(
            [
                (curve.v0 - V0) / curve.v0_error,
                (curve.k0 - K) / curve.k0_error,
                (curve.p_max - P_MAX) / curve.p_max_error,
            ]
        )
    assert np.mean(np.abs(deviations) < 2.0) > 0.85
    assert np.abs(np.mean(deviations, axis=0)).max() < 1.0
    assert np.abs(deviations).mean() > 0.15  # errors that are not merely huge


def test_precise_points_outweigh_rough_ones():
    rng = np.random.default_rng(3)
    errors = np.where(np.arange(len(V)) % 2, 0.001, 0.2)
    noisy = crystal(V) + errors * rng.standard_normal(len(V))
    assert pressure_curve(V, noisy, errors).k0 == pytest.approx(K, rel=0.03)


def test_a_kink_is_not_smoothed_away():
    curve = pressure_curve(V, tent(V))
    assert curve.p_max == pytest.approx(1.11, rel=0.05)
    assert curve.k0 == pytest.approx(K, rel=0.05)


def test_the_first_maximum_counts_whatever_comes_after():
    volumes = V0 * (1.0 - np.linspace(-0.02, 0.12, 40))
    hardening = 60.0 * np.clip(1.0 - volumes / V0 - 0.085, 0.0, None)
    curve = pressure_curve(volumes, crystal(volumes) + hardening)
    assert curve.pressures.max() > P_MAX
    assert curve.p_max == pytest.approx(P_MAX, rel=0.02)


@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_where_the_pressure_keeps_rising_there_is_no_maximum(noise):
    stable = V[V > V0 * (1.0 - 0.05)]
    scatter = noise * np.random.default_rng(4).standard_normal(len(stable))
    curve = pressure_curve(stable, crystal(stable) + scatter)
    assert curve.p_max is None
    assert curve.p_max_error is None
    assert curve.v_max is None
    assert abs(curve.k0 - K) < 3.0 * max(curve.k0_error, 0.1)


def test_a_branch_that_starts_at_rest_is_enough():
    compressed = V0 * (1.0 - np.linspace(0.0, 0.08, 12))
    curve = pressure_curve(compressed, crystal(compressed))
    assert curve.v0 == pytest.approx(V0, abs=3.0)
    assert curve.k0 == pytest.approx(K, rel=0.05)


@pytest.mark.parametrize(
    ("pressures", "errors", "says"),
    [
        (crystal(V) + 5.0, None, "does not fall through zero between 8235.5 and 9282.0 Å³.*larger"),
        (crystal(V) - 5.0, None, "add smaller volumes"),
        (-crystal(V)[::-1] * 0.0, None, "all the same"),
        (np.random.default_rng(5).normal(size=len(V)), None, "too noisy|fall through zero"),
        (crystal(V)[:-1], None, "one length"),
        (np.full(len(V), np.inf), None, "not finite"),
        (crystal(V), -0.1, "not negative"),
        (crystal(V), [0.1, 0.2], "one number, or one for each of 24"),
    ],
)
def test_what_is_no_curve_of_a_crystal_is_refused(pressures, errors, says):
    with pytest.raises(UnphysicalFit, match=says):
        pressure_curve(V, pressures, errors)


def test_few_points_are_refused():
    with pytest.raises(UnphysicalFit, match="4 different volumes are too few"):
        pressure_curve(V[:4], crystal(V[:4]))
