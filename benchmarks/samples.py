"""Labelled clusters and walks to keep, as campaigns make them."""

from __future__ import annotations

import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import cycle
from typing import Any

import ase.io
import numpy as np
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from numpy.typing import NDArray

from flows.campaign import DATA
from nearsight.blocks import Cluster, UnsoundCluster, cut, partition
from nearsight.references import SEVENNET_0, Label
from nearsight.systems import System, build
from storage import Record, content_key
from storage.origin import Origin
from tasks.ingest import label_record

SETS = (("pristine-train", "pr"), ("pristine-test", "pr"), ("linker-defect-test", "ld"))
WALKS, FRAMES, ATOMS = 100, 1_000, 24


@dataclass(frozen=True)
class Sample:
    """A labelled cluster: its records, and its frame of XYZ without and with its provenance."""

    label: Record
    cluster: Record
    labelled: Atoms
    whole: Atoms


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
