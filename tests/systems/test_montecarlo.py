"""Metropolis sampling of defects against populations that are counted by hand."""

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from ase.units import kB

from nearsight.blocks import partition
from nearsight.systems.defects import Defects, realise
from nearsight.systems.disorder import Disorder, draw
from nearsight.systems.montecarlo import metropolis
from nearsight.systems.net import Net
from nearsight.systems.uio66 import pristine

ATOMS = pristine()
BLOCKS = partition(ATOMS)
NET = Net.of(ATOMS, BLOCKS)


def defects(*missing):
    mask = np.zeros(len(NET), dtype=bool)
    mask[list(missing)] = True
    return Defects(mask, np.zeros(len(ATOMS), dtype=bool))


def shared(state):
    """Pairs of missing linkers at the same brick."""
    lost = 12 - NET.coordination(state.missing)[NET.bricks]
    return int((lost * (lost - 1) // 2).sum())


def test_two_vacancies_follow_boltzmann():
    linkers = np.flatnonzero(NET.linkers)
    exact = Counter()
    for pair in combinations(linkers, 2):
        exact[shared(defects(*pair))] += np.exp(-0.02 * shared(defects(*pair)) / (kB * 300))
    total = sum(exact.values())
    walk = metropolis(
        ATOMS, BLOCKS, defects(*linkers[:2]), lambda s: 0.02 * shared(s), 300, 5000, seed=1
    )
    seen = Counter(shared(state) for state, _ in walk)
    assert seen.keys() == exact.keys()
    for kind, weight in exact.items():
        assert seen[kind] / 5000 == pytest.approx(weight / total, abs=0.03)


def test_without_an_energy_all_configurations_are_as_likely():
    """A missing brick and three loose vacancies: loose ones may crowd at a brick or not."""
    gone = NET.bricks & (np.arange(len(NET)) == 0)
    rest = np.flatnonzero(NET.linkers & ~NET.around(gone))
    around = np.flatnonzero(NET.around(gone))
    exact = Counter(
        tuple(sorted(NET.coordination(defects(0, *around, *three).missing)[NET.bricks]))
        for three in combinations(rest, 3)
    )
    total = sum(exact.values())
    start = defects(0, *around, *rest[:3])
    walk = metropolis(ATOMS, BLOCKS, start, lambda _: 0.0, 300, 5000, seed=2)
    states = [state.missing for state, _ in walk]
    seen = Counter(tuple(sorted(NET.coordination(m)[NET.bricks])) for m in states)
    for kind, ways in exact.items():
        assert seen[kind] / 5000 == pytest.approx(ways / total, abs=0.03)
    vacant = np.array(states)[:, NET.bricks].mean(axis=0)
    np.testing.assert_allclose(vacant, 0.25, atol=0.06)


def test_composition_is_kept_and_the_energy_falls():
    big = pristine().repeat((2, 2, 1))
    blocks = partition(big)
    net = Net.of(big, blocks)
    start = draw(big, blocks, Disorder(hf=0.2, brick=0.15, linker=0.1, seed=3), np.zeros(len(net)))

    def mixed(state):
        hafnium = np.bincount(blocks.labels[state.hafnium], minlength=len(net))
        return -0.1 * float((hafnium**2).sum())

    states = list(metropolis(big, blocks, start, mixed, 100, 600, seed=4))
    assert states[-1][1] < mixed(start)
    formula = realise(big, blocks, start).get_chemical_formula()
    for state, energy in states[::100]:
        assert realise(big, blocks, state).get_chemical_formula() == formula
        assert energy == mixed(state)
    again = list(metropolis(big, blocks, start, mixed, 100, 600, seed=4))
    assert [energy for _, energy in again] == [energy for _, energy in states]


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="0 K is not above zero"):
        next(metropolis(ATOMS, BLOCKS, defects(), shared, 0, 1))
    with pytest.raises(ValueError, match="no defects that could be swapped"):
        next(metropolis(ATOMS, BLOCKS, defects(), shared, 300, 1))
    linker = int(np.argmax(NET.linkers))
    with pytest.raises(ValueError, match="the start is nan"):
        next(metropolis(ATOMS, BLOCKS, defects(linker), lambda _: np.nan, 300, 1))
