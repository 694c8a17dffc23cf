"""Compress, or expand: relax at volume after volume, each from its neighbour (Section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from nearsight.mechanics import Relaxation
from nearsight.references import LevelOfTheory
from tasks.relax import read_relaxation, relaxation, relaxed_structure
from tasks.workplace import Workplace, done, verb


@verb(name="compress", task_run_name="compress {work.title} {system}")
def compress(
    work: Workplace,
    system: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: Relaxation,
    volumes: Sequence[float],
    back: bool = False,
) -> tuple[dict[float, str], dict[float, str]]:
    """Relax at `volumes` in Å³, in their order, and then, if asked, on the way back.

    Every relaxation starts from the last one that converged, as `energy_curve` does it. The keys
    of the relaxations on the way out, and of those on the way back, by volume.
    """
    outward: dict[float, str] = {}
    inward: dict[float, str] = {}
    here, cached = start, True
    for found, way in ((outward, volumes), (inward, volumes[-2::-1] if back else ())):
        for volume in way:
            piece = relaxation(work, here, explorer, spec, volume)
            cached &= work.finish(f"{system} relaxed at {volume:.0f} Å³", "md", [piece])
            found[volume] = piece.key
            if read_relaxation(work, piece.key).status == "converged":
                here = relaxed_structure(work, piece.key)
    return done((outward, inward), cached)
