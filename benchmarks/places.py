"""Where results may be kept: extended XYZ, HDF5, a lake; what it costs to write and read them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import ase.io
import h5py
import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from samples import ATOMS, FRAMES, WALKS, Sample, walks

from storage import Lake, Record

WRITE, READ, SIZE = "write labels, s", "read labels, s", "labels, MB"
WRITE_ALL, READ_ALL = "write labels and clusters, s", "read labels and clusters, s"
SIZE_ALL = "labels and clusters, MB"
SIZE_SINGLE = "labels, forces in single precision, MB"
PUT, GET = "journal: put labels, each safe at once, s", "journal: get labels, s"
JOURNAL = "journal: labels, MB"
FRAME = f"one of {WALKS * FRAMES:,} frames of {ATOMS} atoms, s"

Figures = dict[str, float]


def through_xyz(folder: Path, samples: list[Sample]) -> Figures:
    """Write and read the samples, and read one frame of the walks."""
    found = {}
    for file, frames, write, read, size in (
        (folder / "labels.xyz", [s.labelled for s in samples], WRITE, READ, SIZE),
        (folder / "whole.xyz", [s.whole for s in samples], WRITE_ALL, READ_ALL, SIZE_ALL),
    ):
        found[write] = clock(partial(ase.io.write, file, frames, format="extxyz"))
        found[read] = clock(partial(ase.io.read, file, ":", format="extxyz"))
        found[size] = file.stat().st_size / 1e6
    file = folder / "walks.xyz"
    for walk in walks():
        numbers, cell = walk.arrays["numbers"], walk.arrays["cells"][0]
        steps = walk.arrays["positions"]
        frames = [Atoms(numbers, positions=step, cell=cell, pbc=True) for step in steps]
        ase.io.write(file, frames, format="extxyz", append=True)
    found[FRAME] = clock(partial(ase.io.read, file, WALKS * FRAMES // 2, format="extxyz"))
    same = {PUT: WRITE, GET: READ, JOURNAL: SIZE, SIZE_SINGLE: SIZE}
    return found | {what: found[other] for what, other in same.items()}


def through_hdf5(folder: Path, samples: list[Sample]) -> Figures:
    """Write and read the records as flat arrays, and read one frame of the walks."""
    found = {}
    labels, clusters = [s.label for s in samples], [s.cluster for s in samples]
    for file, groups, write, read, size in (
        (folder / "labels.h5", {"labels": labels}, WRITE, READ, SIZE),
        (
            folder / "whole.h5",
            {"labels": labels, "clusters": clusters},
            WRITE_ALL,
            READ_ALL,
            SIZE_ALL,
        ),
    ):
        found[write] = clock(partial(write_hdf5, file, groups))
        found[read] = clock(partial(read_hdf5, file))
        found[size] = file.stat().st_size / 1e6
    with h5py.File(folder / "walks.h5", "w") as file:
        positions = np.concatenate([walk.arrays["positions"] for walk in walks()])
        file.create_dataset("positions", data=positions, compression="gzip", shuffle=True)
        chosen = np.random.default_rng(2).integers(WALKS * FRAMES, size=20)
        found[FRAME] = float(np.median([clock(lambda n=n: file["positions"][n]) for n in chosen]))
    same = {PUT: WRITE, GET: READ, JOURNAL: SIZE, SIZE_SINGLE: SIZE}
    return found | {what: found[other] for what, other in same.items()}


def write_hdf5(path: Path, groups: dict[str, list[Record]]) -> None:
    """Arrays of one length for every atom end to end, all others stacked; metadata as columns."""
    packed = {"compression": "gzip", "shuffle": True}
    with h5py.File(path, "w") as file:
        for name, records in groups.items():
            group = file.create_group(name)
            group["key"] = [record.key for record in records]
            sizes = [len(record.arrays["numbers"]) for record in records]
            group["offsets"] = np.cumsum([0, *sizes])
            for array, first in records[0].arrays.items():
                every = [record.arrays[array] for record in records]
                of_atoms = list(first.shape[:1]) == sizes[:1]
                whole = np.concatenate(every) if of_atoms else np.stack(every)
                group.create_dataset(array, data=whole, **packed)
            for field, first in records[0].metadata.items():
                values = [record.metadata[field] for record in records]
                group[field] = values if isinstance(first, float | int) else list(map(str, values))


def read_hdf5(path: Path) -> list[NDArray[Any]]:
    """All columns."""
    with h5py.File(path) as file:
        return [column[:] for group in file.values() for column in group.values()]


def through_lake(lake: Lake, samples: list[Sample]) -> Figures:
    """Put, commit and read the same."""
    labels, clusters = [s.label for s in samples], [s.cluster for s in samples]
    trajectories = list(walks())
    found = {PUT: clock(lambda: [lake.put(record) for record in labels])}
    for record in (*clusters, *trajectories):
        lake.put(record)
    found[GET] = clock(lambda: [lake.get("label", record.key) for record in labels])
    found[WRITE] = clock(partial(commit, lake, "labels", labels))
    sizes = {SIZE: megabytes(lake)}
    found[WRITE_ALL] = found[WRITE] + clock(partial(commit, lake, "clusters", clusters))
    sizes |= {SIZE_ALL: megabytes(lake), JOURNAL: megabytes(lake, "journal/label")}
    found[READ] = clock(lambda: columns(lake, "labels"))
    found[READ_ALL] = clock(lambda: columns(lake, "labels", "clusters"))
    commit(lake, "walks", trajectories)
    group: Any = lake.open()["walks"]
    chosen = np.random.default_rng(2).integers(WALKS * FRAMES, size=20)
    found[FRAME] = float(np.median([clock(partial(frame_of, group, n)) for n in chosen]))
    return found if "://" in lake.url else found | sizes


def in_single_precision(lake: Lake, samples: list[Sample]) -> float:
    """MB of a snapshot of labels whose forces are those of a machine-learned level of theory."""
    labels = []
    for sample in samples:
        forces = sample.label.arrays["forces"].astype(np.float32).astype(float)
        arrays = {**sample.label.arrays, "forces": forces}
        labels.append(replace(sample.label, arrays=arrays))
        lake.put(labels[-1])
    commit(lake, "labels", labels)
    return megabytes(lake)


def commit(lake: Lake, tag: str, records: list[Record]) -> None:
    lake.commit(tag, {records[0].kind: [record.key for record in records]})


def columns(lake: Lake, *groups: str) -> list[NDArray[Any]]:
    """All columns of groups of the newest snapshot."""
    root: Any = lake.open()
    return [array[:] for group in groups for _, array in root[group].arrays()]


def frame_of(walks: Any, number: int) -> Atoms:
    """One of all frames of all walks, end to end."""
    frames, atoms = walks["frame_offsets"][:], walks["atom_offsets"][:]
    walk = np.searchsorted(frames, number, "right") - 1
    numbers = walks["numbers"][atoms[walk] : atoms[walk + 1]]
    start = walks["frame_atom_offsets"][walk] + (number - frames[walk]) * len(numbers)
    positions = walks["positions"][start : start + len(numbers)]
    return Atoms(numbers, positions=positions, cell=walks["cells"][number], pbc=True)


def megabytes(lake: Lake, folder: str = "") -> float:
    """Size of a folder of a local lake, or of all but its journal."""
    files = (file for file in (Path(lake.url) / folder).rglob("*") if file.is_file())
    chosen = (file for file in files if folder or not file.is_relative_to(f"{lake.url}/journal"))
    return sum(file.stat().st_size for file in chosen) / 1e6


def clock(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
