"""Explore: walk through a system's phase space with the present potential (paper, Section 2.2)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Literal

import numpy as np
from ase import Atoms

from nearsight.potentials import Compiled, External, Potential, Team, load
from nearsight.references import Execution, GPAWLevel, LevelOfTheory, reference
from nearsight.sampling import Trajectory, WalkSpec
from nearsight.sampling.base import Progress
from nearsight.sampling.openmm import OpenMM
from nearsight.sampling.yaff import PressureTrajectory, Yaff
from nearsight.systems import System, build
from storage import Lake, Record
from storage.origin import Origin
from tasks.ingest import key_of
from tasks.pools import cores
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb

Engine = Literal["openmm", "yaff"]

_log = logging.getLogger("nearsight.explore")


def put_structure(lake: Lake, atoms: Atoms, system: str) -> str:
    """Record a structure of a system; its key."""
    key = key_of(atoms)
    if not lake.has("structure", key):
        arrays = {
            "numbers": atoms.numbers.astype(np.int64),
            "positions": atoms.positions,
            "cell": atoms.cell.array,
            "pbc": atoms.pbc,
        }
        lake.put(Record("structure", key, {"system": system}, arrays))
    return key


def start_structure(lake: Lake, system: System) -> str:
    """Record the start structure of a system, a framework that can be cut; its key."""
    return put_structure(lake, build(system), system.name)


def read_structure(lake: Lake, key: str) -> Atoms:
    """A structure by its key."""
    a = lake.get("structure", key).arrays
    return Atoms(a["numbers"], positions=a["positions"], cell=a["cell"], pbc=a["pbc"])


def read_walk(lake: Lake, key: str) -> Trajectory:
    """A walk by its key."""
    record = lake.get("walk", key)
    told = record.metadata
    kind = PressureTrajectory if "pressures" in record.arrays else Trajectory
    return kind(
        **record.arrays, pressure=told["pressure"], stop=told["stop"], seconds=told["seconds"]
    )


def walk_origin(
    start: str,
    explorer: str | LevelOfTheory,
    spec: WalkSpec,
    seed: int,
    engine: Engine = "openmm",
    template: str | None = None,
) -> Origin:
    """What a walk is made of: start, what drives it, walk spec, seed, engine and template."""
    told = {"walk": spec.model_dump(mode="json"), "seed": seed}
    if engine != "openmm":
        told["engine"] = engine
    if template is not None:
        told["template"] = template
    if isinstance(explorer, str):
        return Origin("walk", told, [start, explorer])
    return Origin("walk", {**told, "explorer": explorer.model_dump(mode="json")}, [start])


def external(explorer: LevelOfTheory, execution: Execution) -> External:
    """A level of theory that drives walks and runs as labels do, but for a command of GPAW's."""
    if not isinstance(explorer, GPAWLevel):
        execution = execution.model_copy(update={"command": ""})
    return External(reference(explorer, execution))


@contextmanager
def potential_of(
    lake: Lake,
    explorer: str | LevelOfTheory,
    compiled: bool,
    execution: Execution,
    atoms: Atoms,
) -> Iterator[Potential]:
    """What drives a walk or a relaxation: a model by its key, or a level of theory.

    A model uses all cores of its worker for a large structure, unless it is compiled or has a GPU.
    """
    if not isinstance(explorer, str):
        yield external(explorer, execution)
        return
    model = load(explorer, lake)
    if compiled:
        yield Compiled(model, atoms)
    elif model.device == "cpu" and cores() > 1:
        with Team(model, cores()) as team:
            yield team
    else:
        yield model


def walk(
    lake: Lake,
    key: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: WalkSpec,
    seed: int,
    execution: Execution,
    engine: Engine = "openmm",
    progress: Progress | None = None,
    template: str | None = None,
) -> None:
    """Walk from `start` with `explorer` and leave the trajectory in the lake.

    A `template` is the structure whose bonds and volume the walk must keep, instead of `start`'s.
    """
    atoms = read_structure(lake, start)
    sampler = OpenMM() if engine == "openmm" else Yaff()
    like = None if template is None else read_structure(lake, template)
    with potential_of(lake, explorer, spec.compiled, execution, atoms) as potential:
        trajectory = sampler.walk(atoms, potential, spec, seed, progress or reporter(key), like)
    arrays = {
        field.name: value
        for field in fields(trajectory)
        if isinstance(value := getattr(trajectory, field.name), np.ndarray)
    }
    metadata = {
        "start": start,
        "model": explorer if isinstance(explorer, str) else "",
        "system": lake.get("structure", start).metadata["system"],
        "seed": seed,
        "pressure": trajectory.pressure,
        "stop": trajectory.stop,
        "seconds": trajectory.seconds,
    }
    origin = walk_origin(start, explorer, spec, seed, engine, template)
    lake.put(origin.record(metadata, arrays))
    if trajectory.stop != "finished":
        told = metadata["system"], seed, trajectory.stop
        _log.warning("a walk of %s ended early (seed %d, %s)", *told)


@verb(name="explore", task_run_name="explore {work.title} {system} seed {seed}")
def explore(
    work: Workplace,
    system: str,
    start: str,
    explorer: str | LevelOfTheory,
    spec: WalkSpec,
    seed: int,
) -> str:
    """One exploration walk, with a model by its key or a level of theory; the key of its record."""
    key = walk_origin(start, explorer, spec, seed).key
    execution = work.pools.site.labels
    pieces = [Piece("walk", key, walk, (start, explorer, spec, seed, execution))]
    return done(key, work.finish("explore", "md", pieces))
