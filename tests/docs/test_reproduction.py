"""Pages of reproduced results say what their runs found, and why where a claim does not hold."""

import json
from collections import Counter

import pytest
from pages import DOCS

from flows.reproduction.page import heading
from flows.reproduction.results import RESULTS

FOLDER = DOCS / "reproduction"
VERDICTS = ("holds", "does not hold", "not tested at this scale")


def found(result):
    return json.loads((FOLDER / f"{result}.json").read_text())


@pytest.mark.parametrize("result", RESULTS)
def test_a_page_tells_its_run(result):
    page = (FOLDER / f"{result}.md").read_text().replace("&#124;", "|")
    told = found(result)
    for claim in told["claims"]:
        assert f"| {claim['sentence']} | {claim['verdict']} | {claim['figures']} |" in page
    for row in told["rows"]:
        assert f"| {' | '.join(row.values())} |" in page
    fails = any(claim["holds"] is False for claim in told["claims"])
    assert ("## Why some claims do not hold" in page) is fails


def test_the_first_page_counts_the_claims():
    page = (FOLDER / "index.md").read_text()
    every = Counter()
    for result in RESULTS:
        counts = Counter(claim["verdict"] for claim in found(result)["claims"])
        every += counts
        shown = " | ".join(str(counts[verdict]) for verdict in VERDICTS)
        assert f"| [{heading(result)}]({result}.md) | {RESULTS[result].title} | {shown} |" in page
    holds, fails, _ = (every[verdict] for verdict in VERDICTS)
    assert f"Of {every.total()} claims {holds} hold. Of the {fails} that do not" in page
