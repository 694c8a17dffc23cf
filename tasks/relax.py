"""Relax: a structure to where its forces vanish, at a volume or at rest (paper, Section 3)."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from ase import Atoms

from nearsight.mechanics import Relaxation, Relaxed
from nearsight.mechanics import relax as relax_atoms
from nearsight.potentials import calculator
from nearsight.references import Execution, LevelOfTheory
from storage import Lake, Record
from storage.origin import Origin
from tasks.attempts import attempt_origin
from tasks.explore import potential_of, put_structure, read_structure
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb

LEG = 50
"""Steps after which a long relaxation leaves its structure in the lake."""


def relaxation_origin(
    start: str, explorer: str | LevelOfTheory, spec: Relaxation, volume: float | None
) -> Origin:
    """What a relaxation is made of: start, what drives it, what moves, and the volume."""
    told = {"relaxation": spec.model_dump(mode="json"), "volume": volume}
    if isinstance(explorer, str):
        return Origin("relaxation", told, [start, explorer])
    return Origin("relaxation", {**told, "explorer": explorer.model_dump(mode="json")}, [start])


def relax_structure(
    lake: Lake,
    key: str,
    run: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: Relaxation,
    volume: float | None,
    execution: Execution,
) -> None:
    """Relax `start`, scaled to `volume`, and leave the end in the lake.

    After every `LEG` steps it leaves its structure there, too, and goes on from that without a
    memory, so that one that was killed ends as if nothing had happened. One that crashed, perhaps
    for want of memory or of a module, is left as an attempt: another run tries it again.
    """
    began = time.perf_counter()
    system = lake.get("structure", start).metadata["system"]
    atoms = read_structure(lake, start)
    here, at, steps = start, volume, 0
    tell = reporter(key)

    def record(origin: Origin, end: Relaxed, **more: Any) -> Record:
        metadata = {
            "start": here,
            "model": explorer if isinstance(explorer, str) else "",
            "structure": put_structure(lake, end.atoms, system),
            "system": system,
            "status": end.status,
            "message": end.message,
            "steps": steps + end.steps,
            "energy": end.energy,
            "seconds": time.perf_counter() - began,
        }
        arrays = {} if end.stress is None else {"stress": np.asarray(end.stress)}
        return origin.record(metadata | more, arrays)

    with potential_of(lake, explorer, spec.compiled, execution, atoms) as potential:
        calc = calculator(potential)
        while True:
            left = spec.max_steps - steps
            leg = spec.model_copy(
                update={"max_steps": min(left, LEG), "rattle": 0.0 if steps else spec.rattle}
            )
            ended = relaxation_origin(here, explorer, leg, at)
            if left <= LEG or not _to_go_on_from(lake, ended.key):
                end = relax_atoms(_scaled(lake, here, at), calc, leg)
                if end.status != "unconverged" or left <= LEG:
                    break
                lake.put(record(ended, end, steps=end.steps))
            here, at = lake.get("relaxation", ended.key).metadata["structure"], None
            steps += LEG
            tell(steps / spec.max_steps)
    if end.status == "crashed":
        lake.put(record(attempt_origin(key, run), end, relaxation=key))
    else:
        lake.put(record(relaxation_origin(start, explorer, spec, volume), end, start=start))


def _to_go_on_from(lake: Lake, key: str) -> bool:
    """Whether the lake holds this leg, and it did not come to an end."""
    return (
        lake.has("relaxation", key)
        and lake.get("relaxation", key).metadata["status"] == "unconverged"
    )


def _scaled(lake: Lake, key: str, volume: float | None) -> Atoms:
    """A structure, scaled to a volume in Å³ or as it is."""
    atoms = read_structure(lake, key)
    if volume is not None:
        scale = (volume / atoms.get_volume()) ** (1 / 3)
        atoms.set_cell(atoms.cell.array * scale, scale_atoms=True)
    return atoms


def read_relaxation(work: Workplace, key: str) -> Relaxed:
    """A relaxation by its key, also one that crashed in this run."""
    record = _record(work, key)
    told = record.metadata
    return Relaxed(
        read_structure(work.lake, told["structure"]),
        told["status"],
        told["message"],
        told["steps"],
        told["energy"],
        record.arrays.get("stress"),
    )


def relaxed_structure(work: Workplace, key: str) -> str:
    """Key of the structure that a relaxation ended with, however it ended."""
    return str(_record(work, key).metadata["structure"])


def _record(work: Workplace, key: str) -> Record:
    if work.lake.has("relaxation", key):
        return work.lake.get("relaxation", key)
    return work.lake.get("attempt", attempt_origin(key, work.run).key)


@verb(name="relax", task_run_name="relax {work.title} {system}")
def relax(
    work: Workplace, system: str, start: str, explorer: str | LevelOfTheory, spec: Relaxation
) -> str:
    """Relax a structure as it is; the key of its record."""
    piece = relaxation(work, start, explorer, spec)
    return done(piece.key, work.finish(f"{system} at rest", "md", [piece]))


def relaxation(
    work: Workplace,
    start: str,
    explorer: str | LevelOfTheory,
    spec: Relaxation,
    volume: float | None = None,
) -> Piece:
    """The relaxation of a structure, scaled to a volume in Å³ or as it is."""
    key = relaxation_origin(start, explorer, spec, volume).key
    arguments = (work.run, start, explorer, spec, volume, work.pools.site.labels)
    return Piece("relaxation", key, relax_structure, arguments)
