"""What must agree with the paper: sentences, whether they hold, and the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = dict[str, str]
"""A line of a table, text by heading."""

Paper = Mapping[str, Any]
"""What the paper says of a result."""

Found = Mapping[str, Mapping[str, Any]]
"""Numbers of our work, by the name of its file."""

Values = Mapping[str, float | None]
"""Numbers by what they are of; None where there is none."""


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, held against what was found.

    Attributes
    ----------
    sentence
        What must agree.
    holds
        None: not tested at this scale.
    figures
        The measured ones behind it, or why there are none.
    """

    sentence: str
    holds: bool | None
    figures: str

    @property
    def verdict(self) -> str:
        return {True: "holds", False: "does not hold", None: "not tested at this scale"}[self.holds]

    def __str__(self) -> str:
        return f"{self.sentence} – {self.verdict}: {self.figures}."


@dataclass(frozen=True)
class Judged:
    """A result of the paper: its numbers beside ours, and claims."""

    rows: Sequence[Row]
    claims: Sequence[Claim]


def not_tested(sentence: str, why: str) -> Claim:
    """A claim that this scale has no numbers for."""
    return Claim(sentence, None, why)


def descending(sentence: str, values: Values, unit: str, slack: float = 0.0) -> Claim:
    """The claim that numbers fall in the order given.

    Parameters
    ----------
    slack
        Fraction by which one may rise above the one before.
    """
    if missing := [name for name, value in values.items() if value is None]:
        return not_tested(sentence, f"there is no number of {', '.join(missing)}")
    known = {name: value for name, value in values.items() if value is not None}
    falls = all(b < a + slack * abs(a) for a, b in pairwise(known.values()))
    return Claim(sentence, falls, f"{told(known)} {unit}".strip())


def ratio(sentence: str, over: float | None, under: float | None, least: float, what: str) -> Claim:
    """The claim that one number is so many times another at least; `what` names both."""
    if over is None or not under:
        return not_tested(sentence, f"there is no {what}")
    found = over / under
    return Claim(
        sentence, found >= least, f"{what}: {short(over)} and {short(under)}, {found:.2g}x"
    )


def told(values: Values) -> str:
    """Numbers with their names, one after another."""
    return ", ".join(f"{name} {short(value)}" for name, value in values.items())


def short(value: float | None) -> str:
    """A number to three digits, as text; a dash where there is none."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def row(what: str, paper: Any, here: float | None) -> Row:
    """A line of the table: the paper's number, or range of numbers, beside ours."""
    shown = "" if paper is None else paper if isinstance(paper, str) else f"{paper:g}"
    return {"quantity": what, "paper": shown, "here": short(here)}
