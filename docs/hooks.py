"""What the site needs beyond Markdown: formulas, and names of files that are no pages."""

import logging
import re
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert

log = logging.getLogger("mkdocs.hooks")

LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((\.\.[^)#\s]*)[^)]*\)")
INLINE = re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.DOTALL)
DISPLAYED = re.compile(r'<div class="arithmatex">\n?\\\[(.*?)\\\]</div>', re.DOTALL)


def on_page_markdown(markdown: str, page: Any, config: Any, **_: Any) -> str:
    """Name files of the repository that are no part of the site, where a code host links them."""
    folder = Path(page.file.abs_src_path).parent

    def named(link: re.Match[str]) -> str:
        target = (folder / link[2]).resolve()
        if target.is_relative_to(config.docs_dir):
            return link[0]
        if not target.exists():
            log.warning(f"{page.file.src_uri} links to {link[2]}, which is not there")
        return link[1]

    return LINK.sub(named, markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Turn LaTeX into MathML, which browsers draw without a script."""
    html = INLINE.sub(lambda formula: convert(formula[1]), html)
    return DISPLAYED.sub(lambda formula: convert(formula[1], display="block"), html)
