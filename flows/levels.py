"""Levels of theory by name."""

from __future__ import annotations

from pydantic import RootModel

from flows.history import campaigns
from nearsight.references import SEVENNET_0, LevelOfTheory, read_level
from storage import Lake


class LevelFile(RootModel[LevelOfTheory]):
    """A file that holds one level of theory."""


def known_levels(lake: Lake) -> list[LevelOfTheory]:
    """Every level of theory of the campaigns and imports of a lake, and the teacher's, once.

    Snapshots of studies tell no more than a name, which may be that of a model.
    """
    told = [options["level"] for options in campaigns(lake).values()]
    told += [snapshot.metadata.get("level") for snapshot in lake.history()]
    known = [SEVENNET_0, *(read_level(level) for level in told if isinstance(level, dict))]
    return [level for i, level in enumerate(known) if level not in known[:i]]
