from collections import Counter

import numpy as np
import pytest

from nearsight.blocks import Blueprint, partition
from nearsight.systems import System
from storage import Record, content_key
from tasks.explore import read_structure, start_structure
from tasks.extract import read_cluster
from tasks.sample import sample

SMALL = Blueprint(mantle=0)


@pytest.fixture
def start(lake):
    return start_structure(lake, System(variant="ld"))


@pytest.fixture
def blocks(lake, start):
    return partition(read_structure(lake, start))


@pytest.fixture
def walk(lake, start):
    """Make a walk of so many rattled frames, some of them shuffled into nonsense; its key."""

    def made(seed, frames, nonsense=()):
        atoms, rng = read_structure(lake, start), np.random.default_rng(seed)
        positions = atoms.positions + rng.normal(0, 0.03, (frames, len(atoms), 3))
        for frame in nonsense:
            rng.shuffle(positions[frame])
        arrays = {
            "numbers": atoms.numbers.astype(np.int64),
            "positions": positions,
            "cells": np.tile(atoms.cell.array, (frames, 1, 1)),
            "times": 10.0 * np.arange(frames),
            "energies": np.zeros(frames),
            "temperatures": np.zeros(frames),
        }
        told = {"start": start, "model": "", "system": "S_ld", "pressure": None, "seconds": 0.0}
        record = Record("walk", content_key("walk", seed), told | {"stop": "finished"}, arrays)
        lake.put(record)
        return record.key

    return made


def test_every_frame_gives_as_many_and_no_block_comes_twice(lake, start, walk, blocks):
    walks = [walk(0, 4), walk(1, 3)]
    drawn, refused = sample(lake, start, walks, 10.0, SMALL, 23, seed=5)
    assert not refused
    frames = Counter(found.draw[:2] for found in drawn)
    assert set(frames) == {(0, 1), (0, 2), (0, 3), (1, 1), (1, 2)}
    assert sorted(frames.values()) == [4, 4, 5, 5, 5]
    assert len({found.draw for found in drawn}) == len({found.key for found in drawn}) == 23
    assert [found.draw for found in drawn] == sorted(found.draw for found in drawn)
    assert {found.kind for found in drawn} == {"brick", "linker"}
    for found in drawn:
        told, cluster = lake.get("cluster", found.key).metadata, read_cluster(lake, found.key)
        number, frame, block = found.draw
        assert (told["walk"], told["frame"], told["core_block"]) == (walks[number], frame, block)
        assert set(cluster.parent_indices[cluster.core]) == set(blocks.members(block))
        held = lake.get("walk", walks[number]).arrays["positions"][frame]
        there = cluster.atoms.positions[cluster.core]
        here = held[cluster.parent_indices[cluster.core]]
        lattice = (there - here) @ np.linalg.inv(read_structure(lake, start).cell.array)
        np.testing.assert_allclose(lattice, np.rint(lattice), atol=1e-6)


def test_a_seed_is_a_choice(lake, start, walk):
    walks = [walk(0, 3)]
    first, again, other = (
        {found.draw for found in sample(lake, start, walks, 5.0, SMALL, 6, seed)[0]}
        for seed in (1, 1, 2)
    )
    assert first == again != other
    more = {found.draw for found in sample(lake, start, walks, 5.0, SMALL, 9, 1)[0]}
    assert first < more


def test_kinds_come_as_often_as_they_occur(lake, start, walk, blocks):
    drawn, _ = sample(lake, start, [walk(0, 2)], 5.0, SMALL, len(blocks), seed=0)
    assert Counter(found.kind for found in drawn) == Counter(blocks.kinds)


def test_unsound_clusters_are_passed_over_counted_and_not_enough(lake, start, walk, blocks):
    walks, n = [walk(0, 3, nonsense=[2])], len(blocks)
    drawn, refused = sample(lake, start, walks, 5.0, SMALL, n, seed=0)
    assert {found.draw for found in drawn} == {(0, 1, block) for block in range(n)}
    assert sum(refused.values()) in (n - 1, n)
    why = f"{n + 1} clusters were asked for, but only {n} of {2 * n} blocks in 2 frames make sound"
    with pytest.raises(ValueError, match=why + ".*; most often: "):
        sample(lake, start, walks, 5.0, SMALL, n + 1, seed=0)


def test_what_the_lake_holds_is_not_cut_again(lake, start, walk, monkeypatch):
    walks = [walk(0, 2)]
    first, _ = sample(lake, start, walks, 5.0, Blueprint(), 2, seed=0)
    monkeypatch.setattr("tasks.sample.cut", None)
    assert sample(lake, start, walks, 5.0, Blueprint(), 2, seed=0)[0] == first
