"""How fast and how small the lake is, against extended XYZ through ASE and against HDF5.

    python benchmarks/lake.py [LAKE] [--clusters 5000] [--rounds 3] [--json FILE]

Measured are extended XYZ, HDF5, a local directory and, where one is named, LAKE, such as
``s3://bucket/benchmark`` with the usual AWS variables: all on one machine and in some rounds, of
which the best figures count. LAKE must be new or empty.

The clusters are cut from the data sets that ship with Nearsight and rattled by 0.01 Å, so that no
two are alike. Positions, energies and forces have all digits of double precision, like those of
DFT; XYZ keeps eight decimals, the lake keeps everything. Forces of a machine-learned level of
theory are in single precision, and smaller. To write into the lake is to commit, that is to fold
what the journal holds into the columns of a snapshot; what the journal itself takes stands in lines
of its own. The file of HDF5 has the same flat arrays as the lake, shuffled and packed by gzip; it
has no checksums, and is lost where its writer is killed.
"""

from __future__ import annotations

import argparse
import json
import lzma
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import StringIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import ase.io
import h5py
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from common import load, machine
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from nearsight.blocks import Cluster, UnsoundCluster, cut, partition
from nearsight.references import SEVENNET_0, Label
from nearsight.systems import System, build
from storage import Lake, Record, content_key, open_lake
from storage.origin import Origin
from tasks.ingest import label_record

DATA = Path(__file__).parents[1] / "flows/data"
SETS = (("pristine-train", "pr"), ("pristine-test", "pr"), ("linker-defect-test", "ld"))
WALKS, FRAMES, ATOMS = 100, 1_000, 24

WRITE, READ, SIZE = "write labels, s", "read labels, s", "labels, MB"
WRITE_ALL, READ_ALL = "write labels and clusters, s", "read labels and clusters, s"
SIZE_ALL = "labels and clusters, MB"
SIZE_SINGLE = "labels, forces in single precision, MB"
PUT, GET = "journal: put labels, each safe at once, s", "journal: get labels, s"
JOURNAL = "journal: labels, MB"
FRAME = f"one of {WALKS * FRAMES:,} frames of {ATOMS} atoms, s"
AIMS = {WRITE: 5, READ: 20, WRITE_ALL: 5, READ_ALL: 20} | dict.fromkeys(
    (SIZE, SIZE_SINGLE, SIZE_ALL), 3
)

Figures = dict[str, float]


@dataclass(frozen=True)
class Sample:
    """A labelled cluster: its records, and its frame of XYZ without and with its provenance."""

    label: Record
    cluster: Record
    labelled: Atoms
    whole: Atoms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", nargs="?", help="a place to measure, too")
    parser.add_argument("--clusters", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the figures")
    chosen = parser.parse_args()
    about = machine("ase", "numpy", "zarr", "icechunk", "h5py") | {"clusters": chosen.clusters}
    best = figures(chosen.clusters, chosen.rounds, chosen.lake)
    about["load at the end"] = load()
    Console(width=120).print(table(about, best))
    if chosen.json:
        chosen.json.write_text(json.dumps({"about": about, "best": best}) + "\n")


def figures(clusters: int = 5000, rounds: int = 3, lake: str | None = None) -> dict[str, Figures]:
    """The best figures of all rounds, by place."""
    samples = list(islice(labelled_clusters(), clusters))
    told = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found = {
                "XYZ": through_xyz(Path(folder), samples),
                "HDF5": through_hdf5(Path(folder), samples),
                "local": through_lake(open_lake(f"{folder}/lake"), samples),
            }
        if lake:
            there = urlsplit(lake).scheme or "there"
            found[there] = through_lake(open_lake(f"{lake}/{number}"), samples)
        told.append(found)
    best = {
        place: {what: min(found[place][what] for found in told) for what in its}
        for place, its in told[0].items()
    }
    with tempfile.TemporaryDirectory() as folder:
        best["local"][SIZE_SINGLE] = in_single_precision(open_lake(folder), samples)
    return best


def labelled_clusters() -> Iterator[Sample]:
    """Labelled clusters without end."""
    rng = np.random.default_rng(0)
    for cluster, forces, place in cycle(list(cut_out())):
        atoms = cluster.atoms.copy()
        atoms.rattle(0.01, rng=rng)
        forces = forces * rng.normal(1.0, 0.01, forces.shape)
        label = Label("converged", -7.0 * len(atoms) + rng.normal(), forces, None, seconds=1.4)
        record = label_record(atoms, label, SEVENNET_0)
        masks = {
            "core": cluster.core,
            "mantle": cluster.mantle,
            "caps": cluster.caps,
            "parent_indices": cluster.parent_indices,
        }
        whole = atoms.copy()
        whole.arrays |= masks
        whole.info |= place
        for frame in (atoms, whole):
            frame.info |= {"level": SEVENNET_0.name, "status": "converged", "key": record.key}
            frame.calc = SinglePointCalculator(frame, energy=label.energy, forces=forces)
        geometry = {name: record.arrays[name] for name in ("numbers", "positions")}
        origin = Origin("cluster", place, [record.key])
        yield Sample(record, origin.record(place, geometry | masks), atoms, whole)


def cut_out() -> Iterator[tuple[Cluster, NDArray[np.float64], dict[str, Any]]]:
    """First-neighbour clusters around all bricks of the shipped frames, forces, provenance."""
    for name, variant in SETS:
        blocks = partition(build(System(variant=variant)))
        bricks = [block for block, kind in enumerate(blocks.kinds) if kind == "brick"]
        with lzma.open(DATA / f"{name}.extxyz.xz", "rt") as file:
            text = StringIO(file.read())
        for number, frame in enumerate(ase.io.iread(text, index=":", format="extxyz")):
            for brick in bricks:
                try:
                    cluster = cut(frame, blocks, brick)
                except UnsoundCluster:
                    continue
                forces = frame.get_forces()[cluster.parent_indices]
                walk = content_key("walk", [name, number // 50])
                place = {"system": variant, "walk": walk, "frame": number, "core_block": brick}
                yield cluster, forces, place


def walks() -> Iterator[Record]:
    """Walks of a small fragment, for random access."""
    rng = np.random.default_rng(1)
    atoms = next(cut_out())[0].atoms[:ATOMS]
    for number in range(WALKS):
        steps = rng.normal(scale=0.05, size=(FRAMES, ATOMS, 3))
        arrays = {
            "numbers": atoms.numbers.astype(np.int64),
            "positions": atoms.positions + steps,
            "cells": np.tile(20.7 * np.eye(3), (FRAMES, 1, 1)),
            "times": 10.0 * np.arange(FRAMES),
            "energies": rng.normal(size=FRAMES),
            "temperatures": rng.normal(600.0, 30.0, size=FRAMES),
        }
        yield Origin("walk", number).record({"stop": "finished"}, arrays)


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


def table(about: dict[str, Any], best: dict[str, Figures]) -> Table:
    """Figures, and how many times less each lake takes than XYZ."""
    xyz, *lakes = best
    made = Table(title=", ".join(f"{name} {value}" for name, value in about.items()))
    made.add_column("", no_wrap=True)
    for heading in (xyz, *(part for lake in lakes for part in (lake, "times")), "aim"):
        made.add_column(heading, justify="right")
    for what, reference in best[xyz].items():
        cells = [what, f"{reference:.4g}"]
        for lake in lakes:
            took = best[lake].get(what)
            cells += ["", ""] if took is None else [f"{took:.4g}", f"{reference / took:.3g}"]
        made.add_row(*cells, str(AIMS.get(what, "")))
    return made


if __name__ == "__main__":
    main()
