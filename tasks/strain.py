"""Strain: a crystal along six directions, for its elastic constants."""

from __future__ import annotations

from nearsight.mechanics import Relaxation
from nearsight.mechanics.elastic import strained_twelve
from nearsight.references import LevelOfTheory
from tasks.explore import put_structure, read_structure
from tasks.relax import relaxation
from tasks.workplace import Workplace, done, verb


@verb(name="strain", task_run_name="strain {work.title} {system}")
def strain(
    work: Workplace,
    system: str,
    rest: str,
    explorer: str | LevelOfTheory,
    spec: Relaxation,
    by: float,
) -> list[str]:
    """Strain a structure at rest, and relax its positions; the keys of the twelve relaxations."""
    fixed = spec.model_copy(update={"moves": "positions only"})
    crystals = strained_twelve(read_structure(work.lake, rest), by)
    starts = [put_structure(work.lake, atoms, system) for atoms in crystals]
    pieces = [relaxation(work, start, explorer, fixed) for start in starts]
    return done([p.key for p in pieces], work.finish(f"{system} strained", "md", pieces))
