"""The pages of the documentation, and the blocks of code on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "flows/data/README.md", *sorted(DOCS.rglob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of code: its page, the line before its first one, and its text."""

    page: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(language: str, pages: list[Path] = PAGES) -> list[Block]:
    """All blocks in a language, in their order on the pages."""
    texts = {page: page.read_text() for page in pages}
    return [
        Block(page, text[: found.start(2)].count("\n"), found[2])
        for page, text in texts.items()
        for found in _BLOCK.finditer(text)
        if found[1] == language
    ]
