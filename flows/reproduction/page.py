"""The page of a result in Markdown, for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from flows.reproduction.claims import Judged, Row
from flows.studies.base import Findings


def heading(result: str) -> str:
    """A result as the paper names it: Figure 6B, Table 3, SI.7."""
    kind, number = result.split("-")
    return f"SI.{number}" if kind == "si" else f"{kind.title()} {number.upper()}"


def write_page(file: Path, found: Findings, judged: Judged, place: str) -> None:
    """Write the page; its figures lie beside it.

    Parameters
    ----------
    place
        Where the paper tells it.
    """
    file.write_text("\n".join(_lines(file, found, judged, place)), encoding="utf-8")


def _lines(file: Path, found: Findings, judged: Judged, place: str) -> Iterator[str]:
    yield f"# {found.title}\n"
    yield f"In the paper: {place}. {found.basis.capitalize()} here: {found.level}. {found.how}\n"
    yield "## What must agree\n"
    yield from _table(
        [
            {"claim": claim.sentence, "verdict": claim.verdict, "measured": claim.figures}
            for claim in judged.claims
        ]
    )
    yield "\n## Numbers\n"
    yield from _table(judged.rows)
    yield f"\n{found.note}"
    for path, drawing in zip(found.pictures(file), found.drawings, strict=True):
        yield f"\n## {drawing.title}\n\n![{drawing.alt}]({path.name})\n\n{drawing.caption}"
    yield ""


def _table(rows: Sequence[Row]) -> Iterator[str]:
    yield _line(rows[0])
    yield "|" + "---|" * len(rows[0])
    for row in rows:
        yield _line(row.values())


def _line(texts: Iterable[str]) -> str:
    return f"| {' | '.join(text.replace('|', '&#124;') for text in texts)} |"
