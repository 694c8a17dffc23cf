from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from nearsight.metrics import by_element, energy_shift, mae_pk, mae_pk_of_atoms, rmse

ERRORS = arrays(
    np.float64,
    array_shapes(max_dims=3, max_side=6),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)
PERCENTS = st.floats(0.0, 100.0)


@given(ERRORS)
def test_limits_are_the_mean_and_the_largest_error(errors: NDArray[np.float64]) -> None:
    assert mae_pk(errors, 0) == pytest.approx(np.abs(errors).mean(), rel=1e-12)
    assert mae_pk(errors, 100) == pytest.approx(np.abs(errors).max(), rel=1e-12)


@given(ERRORS, PERCENTS, PERCENTS)
def test_it_grows_with_k_between_its_limits(
    errors: NDArray[np.float64], k: float, other: float
) -> None:
    low, high = (mae_pk(errors, value) for value in sorted((k, other)))
    slack = 1e-9 * np.abs(errors).max()
    assert np.abs(errors).mean() - slack <= low <= high + slack
    assert high <= np.abs(errors).max() + slack


@given(ERRORS, PERCENTS)
def test_signs_and_order_do_not_matter_and_units_do(errors: NDArray[np.float64], k: float) -> None:
    shuffled = -np.sort(errors, axis=None)
    assert mae_pk(shuffled, k) == pytest.approx(mae_pk(errors, k), rel=1e-9)
    whole = np.round(errors)
    assert mae_pk(4.0 * whole, k) == pytest.approx(4.0 * mae_pk(whole, k), rel=1e-9)


def test_p95_averages_the_five_percent_largest() -> None:
    errors = np.arange(1.0, 101.0) * np.resize([1.0, -1.0], 100)
    assert mae_pk(errors, 95) == np.mean([96, 97, 98, 99, 100])
    assert mae_pk(errors.reshape(10, 10), 95) == mae_pk(errors, 95)


@pytest.mark.parametrize("k", [-0.1, 100.1, np.nan])
def test_k_is_a_percentile(k: float) -> None:
    with pytest.raises(ValueError, match="percentile from 0 to 100"):
        mae_pk([1.0], k)


@pytest.mark.parametrize(("errors", "why"), [([], "no errors"), ([1.0, np.nan], "1 of 2 errors")])
def test_errors_must_be_numbers(errors: list[float], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        mae_pk(errors, 95)
    with pytest.raises(ValueError, match=why):
        rmse(errors)
    with pytest.raises(ValueError, match=why):
        energy_shift(errors)


def test_rmse_and_energy_shift() -> None:
    assert rmse([[3.0, -4.0], [0.0, 0.0]]) == 2.5
    assert energy_shift([1.0, 3.0]) == (2.0, 1.0)
    shift = energy_shift(np.array([0.25, -0.5, 1.0]) - 520.0)
    assert shift.std == pytest.approx(energy_shift([0.25, -0.5, 1.0]).std)
    assert shift.avg == pytest.approx(-519.75)


@given(arrays(np.float64, st.tuples(st.integers(2, 9), st.just(3)), elements=st.floats(-9, 9)))
def test_elements_part_the_errors(errors: NDArray[np.float64]) -> None:
    numbers = np.resize([1, 40], len(errors))
    parts = by_element(errors, numbers)
    assert parts.keys() == {1, 40}
    squares = sum(part.atoms * part.rmse**2 for part in parts.values())
    assert squares / len(errors) == pytest.approx(rmse(errors) ** 2, abs=1e-12)
    assert max(part.mae_p95 for part in parts.values()) >= mae_pk(errors, 95) - 1e-9
    assert parts[40].mae_p95 == mae_pk(errors[numbers == 40], 95)


def test_every_atom_has_its_own_percentile() -> None:
    errors = np.random.default_rng(0).normal(size=(7, 4, 3)) * np.array([1, 2, 3, 0])[:, None]
    found = mae_pk_of_atoms(errors, 95)
    np.testing.assert_array_equal(found, [mae_pk(errors[:, i], 95) for i in range(4)])
    assert found[3] == 0
    np.testing.assert_allclose(mae_pk_of_atoms(errors, 0), np.abs(errors).mean(axis=(0, 2)))


def test_errors_of_other_atoms_are_refused():
    with pytest.raises(ValueError, match=r"errors of shape \(3, 3\) are not those of 2 atoms"):
        by_element(np.zeros((3, 3)), [1, 8])
