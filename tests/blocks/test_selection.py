"""Ranking blocks, choosing batches, recognising duplicates."""

from dataclasses import replace

import numpy as np
import pytest

from nearsight.blocks import choose, cut, fingerprint, partition, rank
from nearsight.systems import System, build
from nearsight.systems.uio66 import pristine


@pytest.fixture(scope="module")
def parent():
    atoms = pristine()
    return atoms, partition(atoms)


def test_rank_counts_unknown_atoms(parent):
    _, blocks = parent
    unknown = np.zeros(456, dtype=bool)
    unknown[blocks.members(2)[:3]] = True
    unknown[blocks.members(7)[:5]] = True
    unknown[blocks.members(1)[:3]] = True
    ids, counts = rank(blocks, unknown)
    assert ids.tolist() == [7, 1, 2]
    assert counts.tolist() == [5, 3, 3]


def test_nothing_unknown_ranks_nothing(parent):
    ids, counts = rank(parent[1], np.zeros(456, dtype=bool))
    assert len(ids) == len(counts) == 0


def test_formates_of_a_linker_defect_sit_in_bricks():
    atoms = build(System(variant="ld"))
    blocks = partition(atoms)
    unknown = np.arange(len(atoms)) >= len(atoms) - 2
    ids, counts = rank(blocks, unknown)
    assert counts.tolist() == [1, 1]
    assert {blocks.kinds[block] for block in ids} == {"brick"}


@pytest.mark.parametrize("unknown", [np.zeros(456, dtype=int), np.zeros(3, dtype=bool)])
def test_rank_wants_a_mask(parent, unknown):
    with pytest.raises(ValueError, match="boolean mask"):
        rank(parent[1], unknown)


def test_choice_is_uncertain_and_diverse():
    descriptors = np.array([[0.0, 0], [0.01, 0], [0.02, 0], [5, 0], [0, 5]])
    scores = [9.0, 8.9, 8.8, 5.0, 1.0]
    chosen = choose(scores, descriptors, list("abcde"), 3)
    assert chosen.tolist()[:2] == [0, 3]
    assert set(chosen) == {0, 3, 4}
    np.testing.assert_array_equal(chosen, choose(scores, descriptors, list("abcde"), 3))


def test_duplicates_and_taken_are_skipped():
    descriptors = np.arange(10.0).reshape(5, 2)
    scores = [1.0, 3.0, 2.0, np.inf, 0.5]
    chosen = choose(scores, descriptors, ["x", "x", "x", "t", "y"], 5, taken={"t"})
    assert chosen.tolist() == [1, 4]


def test_the_queue_keeps_its_neighbourhood():
    descriptors = np.array([[0.0], [10.0]])
    assert choose([2.0, 1.0], descriptors, ["a", "b"], 1).tolist() == [0]
    assert choose([2.0, 1.0], descriptors, ["a", "b"], 1, queued=[[0.0]]).tolist() == [1]


def test_equal_descriptors_go_by_score():
    assert choose([1.0, 3.0, 2.0], np.ones((3, 2)), list("abc"), 3).tolist() == [1, 2, 0]


def test_a_budget_buys_many_small_clusters_before_a_large_one():
    descriptors, sizes = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([186, 62, 62, 62])
    scores, marks = [4.0, 3.0, 2.0, 1.0], list("abcd")
    cubic = choose(scores, descriptors, marks, 4, costs=sizes**3, budget=3 * 62**3)
    assert sorted(cubic.tolist()) == [1, 2, 3]
    assert len(choose(scores, descriptors, marks, 4, costs=sizes, budget=2 * 62)) == 2
    assert len(choose(scores, descriptors, marks, 4, costs=sizes, budget=61)) == 0


def test_equal_costs_change_nothing():
    rng = np.random.default_rng(0)
    scores, descriptors, marks = rng.random(20), rng.random((20, 3)), list(map(str, range(20)))
    free = choose(scores, descriptors, marks, 7)
    same = choose(scores, descriptors, marks, 9, costs=np.full(20, 5.0), budget=35.0)
    np.testing.assert_array_equal(free, same)


def test_costs_must_be_positive():
    with pytest.raises(ValueError, match="above zero"):
        choose([1.0], [[1.0]], ["a"], 1, costs=[0.0])


def test_no_candidates():
    assert choose([], np.empty((0, 4)), [], 3).tolist() == []


@pytest.mark.parametrize(
    ("scores", "descriptors"), [([np.nan], [[1.0]]), ([1.0], [[np.inf]]), ([1.0, 2.0], [[1.0]])]
)
def test_choice_refuses_nonsense(scores, descriptors):
    with pytest.raises(ValueError, match="must"):
        choose(scores, descriptors, ["a"], 1)


def test_fingerprint_ignores_frame_and_order(parent):
    cluster = cut(*parent, 0)
    rng = np.random.default_rng(0)
    order = rng.permutation(len(cluster.atoms))
    moved = cluster.atoms.copy()[order]
    moved.rotate(77, [1, 2, 3])
    moved.translate([4, 5, 6])
    assert fingerprint(replace(cluster, atoms=moved)) == fingerprint(cluster)


def test_equal_bricks_have_equal_fingerprints(parent):
    assert len({fingerprint(cut(*parent, brick)) for brick in range(4)}) == 1


@pytest.mark.parametrize("scale", [0.1, 0.02])
def test_thermal_motion_is_no_duplicate(parent, scale):
    atoms, blocks = parent
    prints = {fingerprint(cut(atoms, blocks, 0))}
    for seed in range(4):
        hot = atoms.copy()
        hot.rattle(scale, seed=seed)
        prints.add(fingerprint(cut(hot, blocks, 0)))
    assert len(prints) == 5
