"""What a flow came to, in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.app import console

if TYPE_CHECKING:
    from flows.studies.base import Findings


def show(found: Findings, file: Path) -> None:
    """Print the tables, what they say, and where the page is."""
    for table in found.tables():
        console.print(table)
    for sentence in found.said:
        console.print(sentence, highlight=False, markup=False)
    console.print(f"Page: {file.with_suffix('.html')}", highlight=False, soft_wrap=True)
