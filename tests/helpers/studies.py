"""Findings of a study, read back from where it left them."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path
from typing import Any

TAG = "mine/cycle-001"
"""Of the snapshot that holds the clusters of the small lake."""


def written(file: Path) -> dict[str, Any]:
    """The JSON of a study; page and figure must lie beside it."""
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    page = unescape(file.with_suffix(".html").read_text())
    told = json.loads(file.read_text())
    assert told["title"] in page
    assert told["level"] in page
    assert "data:image/png" in page
    assert all(sentence in page for sentence in told["said"])
    return told
