import numpy as np
import pytest

from nearsight.blocks import partition
from nearsight.systems import System
from storage import Record, content_key
from tasks.explore import read_structure, start_structure
from tasks.extract import clusters_of, extract, read_cluster
from tasks.ingest import dataset
from tasks.options import Extraction


@pytest.fixture
def scored(lake):
    """A walk of one frame, the start, and scores by which nothing is unknown so far."""
    start = start_structure(lake, System(variant="ld"))
    atoms = read_structure(lake, start)
    walk = content_key("walk", {}, [start])
    arrays = {
        "numbers": atoms.numbers.astype(np.int64),
        "positions": atoms.positions[None],
        "cells": atoms.cell.array[None],
        "times": np.zeros(1),
        "energies": np.zeros(1),
        "temperatures": np.zeros(1),
    }
    told = {"start": start, "model": "", "system": "S_ld", "pressure": 0.0, "stop": "finished"}
    lake.put(Record("walk", walk, told | {"seconds": 0.0}, arrays))
    features = np.random.default_rng(0).normal(size=(1, len(atoms), 4)).astype(np.float32)

    def put(unknown):
        surprise = np.full((1, len(atoms)), -5.0)
        for block, worth in unknown.items():
            surprise[0, partition(atoms).members(block)] = worth
        key = content_key("scores", {str(k): v for k, v in unknown.items()}, [walk])
        arrays = {
            "frames": np.arange(1),
            "log_likelihood": -surprise,
            "surprise": surprise,
            "features": features,
        }
        lake.put(Record("scores", key, {"walk": walk, "seconds": 0.0}, arrays))
        return key

    return put


def blocks(lake):
    return partition(read_structure(lake, lake.keys("structure")[0]))


def cut(work, scores, spec):
    return extract.fn(work, [scores], dataset(work.lake, []), spec).data


def test_nothing_unknown_makes_an_empty_batch(work, scored):
    batch = cut(work, scored({}), Extraction())
    assert clusters_of(work.lake, batch) == []
    told = work.lake.get("batch", batch).metadata
    assert (told["unknown_atoms"], told["candidates"]) == (0, 0)


def test_the_most_uncertain_block_becomes_the_core(work, scored):
    linker = blocks(work.lake).kinds.index("linker") if work.lake.keys("structure") else 0
    batch = cut(work, scored({linker: 9.0}), Extraction(clusters=3, min_unknown=1))
    (name,) = clusters_of(work.lake, batch)
    told = work.lake.get("cluster", name).metadata
    assert told["core_block"] == linker
    assert told["system"] == "S_ld"
    cluster = read_cluster(work.lake, name)
    atoms = read_structure(work.lake, work.lake.keys("structure")[0])
    members = partition(atoms).members(linker)
    assert set(cluster.parent_indices[cluster.core]) == set(members)
    assert (cluster.parent_indices[cluster.caps] == -1).all()


def test_no_more_clusters_than_asked_for(work, scored):
    batch = cut(work, scored({b: 3.0 + b for b in range(8)}), Extraction(clusters=2))
    assert 1 <= len(clusters_of(work.lake, batch)) <= 2
    assert work.lake.get("batch", batch).metadata["candidates"] == 8


def test_blocks_with_too_few_unknown_atoms_are_left(work, scored):
    batch = cut(work, scored({0: 3.0}), Extraction(min_unknown=1000))
    assert clusters_of(work.lake, batch) == []


def test_a_batch_is_cut_once(work, scored):
    scores = scored({0: 3.0})
    first = extract.fn(work, [scores], dataset(work.lake, []), Extraction())
    again = extract.fn(work, [scores], dataset(work.lake, []), Extraction())
    assert (first.name, again.name) == ("Completed", "Cached")
    assert first.data == again.data


def test_a_batch_keeps_to_its_budget(work, scored):
    unknown = scored({b: 3.0 + b for b in range(8)})
    sizes = {}
    for budget in (None, 12.0):
        batch = cut(work, unknown, Extraction(clusters=8, budget=budget))
        clusters = [read_cluster(work.lake, name) for name in clusters_of(work.lake, batch)]
        sizes[budget] = [len(cluster.atoms) for cluster in clusters]
    cost = {budget: sum((n / 100) ** 3 for n in atoms) for budget, atoms in sizes.items()}
    assert 0 < cost[12.0] <= 12.0 < cost[None]
