from __future__ import annotations

import numpy as np
import pytest

from nearsight.uncertainty import MOST_SURPRISED, Committee, disagreement


def test_two_models_disagree_by_their_distance() -> None:
    """Of two, the root of the variance is the length of their difference over √2."""
    forces = np.array([[[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], [[3.0, 0.0, 4.0], [1.0, 2.0, 3.0]]])
    np.testing.assert_allclose(disagreement(forces), [5 / np.sqrt(2), 0.0])


def test_neither_rotation_nor_the_order_of_models_matters() -> None:
    rng = np.random.default_rng(0)
    forces = rng.standard_normal((4, 30, 3))
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    np.testing.assert_allclose(disagreement(forces[::-1] @ turned), disagreement(forces))


def test_it_is_the_error_where_models_err_at_random() -> None:
    rng = np.random.default_rng(1)
    widths = rng.uniform(0.1, 2.0, 200)
    spread = disagreement(widths[:, None] * rng.standard_normal((500, 200, 3)))
    np.testing.assert_allclose(spread, np.sqrt(3) * widths, rtol=0.1)


def test_the_threshold_is_the_quantile_of_each_element() -> None:
    rng = np.random.default_rng(2)
    numbers = rng.choice([1, 40], 4000)
    spread = rng.uniform(0, 1, 4000) * np.where(numbers == 1, 0.01, 1.0)
    committee = Committee(quantile=0.1).fit(spread, numbers)
    for z in (1, 40):
        surprised = committee.surprise(spread, numbers)[numbers == z] > 0
        assert surprised.mean() == pytest.approx(0.1, abs=0.005)
    generous = Committee(quantile=0.1, margin=np.log(2)).fit(spread, numbers)
    doubled = generous.surprise(2 * spread, numbers)
    np.testing.assert_allclose(doubled, committee.surprise(spread, numbers))


def test_an_element_never_seen_and_agreement_to_the_last_bit() -> None:
    committee = Committee().fit(np.array([0.1, 0.2]), np.array([6, 6]))
    surprise = committee.surprise(np.array([0.0, 0.0, 9.0]), np.array([6, 8, 6]))
    assert surprise[1] == MOST_SURPRISED
    assert np.isfinite(surprise).all()
    assert surprise[0] < 0 < surprise[2]


@pytest.mark.parametrize("shape", [(1, 5, 3), (2, 5), (2, 5, 2)])
def test_what_is_no_committee_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="are not"):
        disagreement(np.zeros(shape))


def test_thresholds_need_atoms() -> None:
    with pytest.raises(ValueError, match="at least one training atom"):
        Committee().fit(np.zeros(0), np.zeros(0, dtype=np.int64))
