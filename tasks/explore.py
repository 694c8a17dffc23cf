"""Explore: walk through a system's phase space with the present potential (paper, Section 2.2)."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from nearsight.potentials import load
from nearsight.sampling import Trajectory, WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.systems import System, build
from storage import Lake, Record
from storage.origin import Origin
from tasks.ingest import key_of
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb


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
    """Record a system's start structure; its key."""
    return put_structure(lake, build(system), system.name)


def read_structure(lake: Lake, key: str) -> Atoms:
    """A structure by its key."""
    a = lake.get("structure", key).arrays
    return Atoms(a["numbers"], positions=a["positions"], cell=a["cell"], pbc=a["pbc"])


def read_walk(lake: Lake, key: str) -> Trajectory:
    """A walk by its key."""
    record = lake.get("walk", key)
    told = record.metadata
    return Trajectory(
        **record.arrays, pressure=told["pressure"], stop=told["stop"], seconds=told["seconds"]
    )


def walk_origin(start: str, model: str, spec: WalkSpec, seed: int) -> Origin:
    """What a walk is made of: start, model, walk spec and seed."""
    return Origin("walk", {"walk": spec.model_dump(mode="json"), "seed": seed}, [start, model])


def walk(lake: Lake, key: str, start: str, model: str, spec: WalkSpec, seed: int) -> None:
    """Walk from `start` with `model` and leave the trajectory in the lake."""
    trajectory = OpenMM().walk(
        read_structure(lake, start), load(model, lake), spec, seed, reporter(key)
    )
    arrays = {
        name: getattr(trajectory, name)
        for name in ("numbers", "positions", "cells", "times", "energies", "temperatures")
    }
    metadata = {
        "start": start,
        "model": model,
        "system": lake.get("structure", start).metadata["system"],
        "seed": seed,
        "pressure": trajectory.pressure,
        "stop": trajectory.stop,
        "seconds": trajectory.seconds,
    }
    lake.put(walk_origin(start, model, spec, seed).record(metadata, arrays))


@verb(name="explore", task_run_name="explore {work.title} {system} walk {seed}")
def explore(work: Workplace, system: str, start: str, model: str, spec: WalkSpec, seed: int) -> str:
    """One exploration walk; the key of its record."""
    key = walk_origin(start, model, spec, seed).key
    pieces = [Piece("walk", key, walk, (start, model, spec, seed))]
    return done(key, work.finish("explore", "md", pieces))
