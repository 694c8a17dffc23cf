"""Respond: long walks at a pressure or at a volume, and what they say of P(V) (Section 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Self

import numpy as np
from ase import Atoms
from pydantic import Field, model_validator

from nearsight.mechanics.state_points import Branch, StatePoint, state_point
from nearsight.references import Execution, LevelOfTheory
from nearsight.sampling import Trajectory, WalkSpec
from nearsight.sampling.base import InsaneStart, Progress
from nearsight.sampling.yaff import PressureTrajectory
from nearsight.spec import Spec
from storage import Lake
from storage.origin import Origin
from tasks.explore import Engine, put_structure, read_structure, read_walk, walk, walk_origin
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb

ENGINES: dict[Branch, Engine] = {"stable": "openmm", "unstable": "yaff"}
MEASURED: dict[Branch, str] = {"stable": "volumes", "unstable": "pressures"}


class LongWalk(Spec):
    """A walk in legs. A walk that is killed goes on from its last leg, and so does a longer one.

    Every leg starts where the one before ended, with velocities drawn anew, which leaves the
    ensemble as it is. Bonds and volume are held against the start of the whole walk: one that
    collapses, by breaking or forming bonds or by its density, ends there and does not count.
    """

    legs: int = Field(10, ge=1, title="Legs")
    leg: WalkSpec = Field(
        WalkSpec(
            temperature=300.0,
            duration=5000.0,
            frame_interval=20.0,
            volume_range=(0.85, 1.2),
            max_force=100.0,
        ),
        title="One leg",
        description="what it says of pressure does not count: the flow sets it",
    )

    @model_validator(mode="after")
    def _even(self) -> Self:
        if self.leg.pressure not in (None, WalkSpec.model_fields["pressure"].default):
            raise ValueError("leg.pressure: leave it out; the flow sets the pressure of each walk")
        frames = self.leg.duration / self.leg.frame_interval
        if abs(frames - round(frames)) > 1e-6:
            raise ValueError(
                f"leg.duration: {self.leg.duration:g} fs is no multiple of the time between kept "
                f"frames, {self.leg.frame_interval:g} fs"
            )
        return self

    def at(self, branch: Branch, fixed: float) -> WalkSpec:
        """One leg at a pressure in GPa, or at the volume of its start.

        Raises
        ------
        ValueError
            If there is no such pressure.
        """
        pressure = (fixed, fixed) if branch == "stable" else None
        return WalkSpec.model_validate(self.leg.model_dump() | {"pressure": pressure})


def response_origin(
    start: str,
    explorer: str | LevelOfTheory,
    spec: LongWalk,
    branch: Branch,
    fixed: float,
    seed: int,
) -> Origin:
    """What a response is made of: start, what drives it, how it walks, and what is fixed."""
    told = {"walk": spec.model_dump(mode="json"), "branch": branch, "fixed": fixed, "seed": seed}
    if isinstance(explorer, str):
        return Origin("response", told, [start, explorer])
    return Origin("response", {**told, "explorer": explorer.model_dump(mode="json")}, [start])


def walk_on(
    lake: Lake,
    key: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: LongWalk,
    branch: Branch,
    fixed: float,
    seed: int,
    execution: Execution,
) -> None:
    """Walk leg by leg, and leave the series and the averaged structure in the lake."""
    first = read_structure(lake, start)
    system = lake.get("structure", start).metadata["system"]
    keys, walked, stop = list[str](), list[Trajectory](), ""
    one = spec.model_copy(update={"legs": 1})  # more legs go on where fewer ended
    root = response_origin(start, explorer, one, branch, fixed, seed).key
    try:
        for number in range(spec.legs):
            here = put_structure(lake, walked[-1].frame(-1), system) if walked else start
            how = (explorer, spec.at(branch, fixed), _seed(root, number))
            keys.append(walk_origin(here, *how, ENGINES[branch], start).key)
            if not lake.has("walk", keys[-1]):
                progress = _part(reporter(key), number, spec.legs)
                walk(lake, keys[-1], here, *how, execution, ENGINES[branch], progress, start)
            walked.append(read_walk(lake, keys[-1]))
            if walked[-1].stop != "finished":
                stop = walked[-1].stop
                break
    except InsaneStart as error:
        stop = str(error)
        keys.pop()
    series, mean = _series(walked), first
    if walked:
        measured = series[MEASURED[branch]]
        settled = round(state_point(branch, fixed, measured, stop).start * len(measured))
        mean = mean_structure(first, walked, settled)
    metadata = {
        "start": start,
        "model": explorer if isinstance(explorer, str) else "",
        "walks": keys,
        "system": system,
        "branch": branch,
        "fixed": fixed,
        "stop": stop,
        "seconds": sum(w.seconds for w in walked),
    }
    arrays = {"numbers": mean.numbers, "positions": mean.positions, "cell": mean.cell.array}
    origin = response_origin(start, explorer, spec, branch, fixed, seed)
    lake.put(origin.record(metadata, series | arrays))


def mean_structure(start: Atoms, walked: Sequence[Trajectory], settled: int) -> Atoms:
    """The structure whose cell and scaled positions are averages over frames.

    Parameters
    ----------
    walked
        The legs of a walk; the first frame of each is not counted.
    settled
        Frames before this one are left out.
    """
    cells = np.concatenate([w.cells[1:] for w in walked])[settled:]
    positions = np.concatenate([w.positions[1:] for w in walked])[settled:]
    if not len(cells):
        return start
    scaled = np.einsum("fai,fij->faj", positions, np.linalg.inv(cells)).mean(axis=0)
    cell = cells.mean(axis=0)
    return Atoms(start.numbers, positions=scaled @ cell, cell=cell, pbc=True)


def read_response(lake: Lake, key: str) -> tuple[StatePoint, Atoms]:
    """What a walk says of the curve, and its averaged structure."""
    record = lake.get("response", key)
    told, a = record.metadata, record.arrays
    measured = a.get(MEASURED[told["branch"]], np.empty(0))
    mean = Atoms(a["numbers"], positions=a["positions"], cell=a["cell"], pbc=True)
    return state_point(told["branch"], told["fixed"], measured, told["stop"]), mean


@verb(name="respond", task_run_name="respond {work.title} {system} {branch} {fixed:.6g}")
def respond(
    work: Workplace,
    system: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: LongWalk,
    branch: Branch,
    fixed: float,
    seed: int,
) -> str:
    """Walk at a pressure in GPa (stable) or at the start's volume in Å³ (unstable); the key."""
    key = response_origin(start, explorer, spec, branch, fixed, seed).key
    arguments = (start, explorer, spec, branch, fixed, seed, work.pools.site.labels)
    where = f"{fixed:g} GPa" if branch == "stable" else f"{fixed:.0f} Å³"
    piece = Piece("response", key, walk_on, arguments)
    return done(key, work.finish(f"{system} at {where}", "md", [piece]))


def _part(tell: Progress, number: int, legs: int) -> Progress:
    return lambda fraction: tell((number + fraction) / legs)


def _seed(root: str, number: int) -> int:
    """One seed for every leg of every walk."""
    return int.from_bytes(hashlib.sha256(f"{root} {number}".encode()).digest()[:4], "big")


def _series(walked: Sequence[Trajectory]) -> dict[str, np.ndarray]:
    """What was measured in every frame but the first of each leg."""
    if not walked:
        return {}
    series = {
        "volumes": [np.abs(np.linalg.det(w.cells[1:])) for w in walked],
        "energies": [w.energies[1:] for w in walked],
        "temperatures": [w.temperatures[1:] for w in walked],
    }
    inside = [w.pressures[1:] for w in walked if isinstance(w, PressureTrajectory)]
    if inside:
        series["pressures"] = inside
    return {name: np.concatenate(parts) for name, parts in series.items()}
