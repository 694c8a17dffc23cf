"""What the history of a lake tells of one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Snapshot:
    """One tagged commit.

    Attributes
    ----------
    tag
        ``<campaign>/cycle-003``.
    id
        Icechunk's id of the commit.
    written_at
        When it was committed, UTC.
    metadata
        What the committer said of it, such as the key of the model.
    """

    tag: str
    id: str
    written_at: datetime
    metadata: dict[str, Any]
