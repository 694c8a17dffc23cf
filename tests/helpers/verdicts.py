"""Claims of a result of the paper on numbers that are made up."""

from __future__ import annotations

import copy
from typing import Any

from flows.reproduction.results import RESULTS, paper

Found = dict[str, Any]


def verdicts(result: str, found: Found) -> dict[str, bool | None]:
    """Whether each claim of a result holds; its table must be one of equal headings."""
    judged = RESULTS[result].judge(paper()[result], found)
    assert len({tuple(row) for row in judged.rows}) == 1
    return {claim.sentence: claim.holds for claim in judged.claims}


def wrong(result: str, found: Found) -> list[str]:
    """Claims that do not hold."""
    return [sentence for sentence, holds in verdicts(result, found).items() if holds is False]


def changed(found: Found, value: Any, *where: str | int) -> Found:
    """The same numbers with another value somewhere."""
    found = copy.deepcopy(found)
    inner: Any = found
    for step in where[:-1]:
        inner = inner[step]
    assert where[-1] in inner or isinstance(inner, list)
    inner[where[-1]] = value
    return found
