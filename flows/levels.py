"""Levels of theory by name."""

from __future__ import annotations

from pydantic import RootModel

from flows.history import campaigns
from nearsight.references import SEVENNET_0, LevelOfTheory, read_level
from storage import Lake


class LevelFile(RootModel[LevelOfTheory]):
    """A file that holds one level of theory."""


def known_levels(lake: Lake) -> list[LevelOfTheory]:
    """Every level of theory of the campaigns and imports of a lake, and the teacher's, once."""
    told = [options["level"] for options in campaigns(lake).values()]
    told += [entry.metadata["level"] for entry in lake.history() if "level" in entry.metadata]
    known = [SEVENNET_0, *map(read_level, told)]
    return [level for i, level in enumerate(known) if level not in known[:i]]
