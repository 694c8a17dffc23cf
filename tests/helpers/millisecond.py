"""Clusters whose labels take a millisecond, so that what is around a label can be seen."""

from __future__ import annotations

import numpy as np
from ase import Atoms

from nearsight.blocks import Blueprint, cut, fingerprint, partition
from nearsight.references import CalculatorLevel, Label, reference
from nearsight.systems import System, build
from storage import Lake, content_key, open_lake
from tasks.extract import cluster_origin, cluster_record

LEVEL = CalculatorLevel(
    name="Lennard-Jones",
    calculator="ase.calculators.lj.LennardJones",
    arguments={"sigma": 1.0, "rc": 3.0},
)


def clusters(lake: Lake, count: int, seed: int = 0) -> tuple[list[str], list[Atoms]]:
    """Linkers of UiO-66 with caps, 12 atoms, no two alike, in the lake; their keys and atoms."""
    atoms = build(System(variant="pr"))
    blocks, blueprint = partition(atoms), Blueprint(mantle=0)
    linker = blocks.kinds.index("linker")
    cluster = cut(atoms, blocks, linker, blueprint)
    mark = fingerprint(cluster)
    rng = np.random.default_rng([count, seed])
    walk = content_key("walk", [count, seed])
    names, structures = [], []
    for frame in range(count):
        cluster.atoms.positions[:] += rng.normal(0, 1e-3, cluster.atoms.positions.shape)
        origin = cluster_origin(walk, frame, linker, blueprint)
        lake.put(cluster_record(origin, cluster, "S_pr", mark))
        names.append(origin.key)
        structures.append(cluster.atoms.copy())
    return names, structures


def compute(atoms: Atoms) -> Label:
    """The label, and nothing else."""
    return reference(LEVEL).label(atoms)


def get_ready(url: str) -> None:
    """Load, once in this process, what labels need."""
    import tasks.label  # noqa: F401

    open_lake(url)
    reference(LEVEL)
