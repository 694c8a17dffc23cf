import pytest

from flows.reproduction.claims import Claim, descending, not_tested, ratio, row


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ({"a": 3, "b": 2, "c": 1}, "holds"),
        ({"a": 3, "b": 1, "c": 2}, "does not hold"),
        ({"a": 3, "b": 3}, "does not hold"),
        ({"a": 3, "b": None}, "not tested at this scale"),
        ({"a": -1, "b": -2}, "holds"),
    ],
)
def test_an_order_holds_if_all_of_it_does(values, verdict):
    assert descending("falls", values, "GPa").verdict == verdict


def test_a_little_slack_lets_noise_pass():
    assert descending("falls", {"a": 100, "b": 104, "c": 50}, "", slack=0.05).holds
    assert not descending("falls", {"a": 100, "b": 106, "c": 50}, "", slack=0.05).holds
    assert not descending("falls", {"a": -100, "b": -94, "c": -200}, "", slack=0.05).holds


@pytest.mark.parametrize(
    ("over", "under", "holds"), [(6, 2, True), (5, 2, False), (None, 2, None), (5, 0, None)]
)
def test_a_ratio_has_a_least(over, under, holds):
    assert ratio("so many times", over, under, 3.0, "this and that").holds is holds


def test_a_claim_says_its_verdict_and_its_figures():
    assert str(ratio("Softer by far", 37, 2, 3.0, "K in GPa")) == (
        "Softer by far – holds: K in GPa: 37 and 2, 18x."
    )
    assert str(not_tested("Bears", "no walk")) == "Bears – not tested at this scale: no walk."
    assert Claim("x", False, "y").verdict == "does not hold"


def test_a_row_shows_numbers_side_by_side():
    assert row("K", 37, 33.93) == {"quantity": "K", "paper": "37", "here": "33.9"}
    assert row("K", "23–30", None) == {"quantity": "K", "paper": "23–30", "here": "–"}
    assert row("V", 9109, 9291.7)["here"] == "9,292"
