"""Disorder by concentration: what is asked for is what is had, or is refused."""

from collections import Counter

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from nearsight.blocks import Blueprint, cut, partition
from nearsight.systems import System, build
from nearsight.systems.defects import concentrations
from nearsight.systems.disorder import Disorder, ImpossibleDisorder, disordered, draw
from nearsight.systems.net import Net
from nearsight.systems.uio66 import LATTICE_CONSTANT, pristine

CUBE = (2, 2, 2)


def reached(atoms):
    return concentrations(atoms, partition(atoms), pristine())


def test_what_results_is_what_was_asked_for():
    wanted = Disorder(hf=0.25, brick=0.125, linker=0.375, counted="resulting", seed=5)
    found = reached(disordered(pristine(), CUBE, wanted))
    assert (found.brick, found.linker) == (0.125, 0.375)
    assert found.hf == pytest.approx(0.25, abs=0.003)
    assert found.coordination == pytest.approx(12 * (1 - 0.375) / (1 - 0.125))


def test_what_is_removed_takes_more_with_it():
    """On average (1 - c_brick)² (1 - c_linker) of the linkers stay."""
    wanted = [Disorder(brick=0.125, linker=0.2, seed=seed) for seed in range(10)]
    found = [reached(disordered(pristine(), CUBE, disorder)) for disorder in wanted]
    assert {state.brick for state in found} == {0.125}
    assert 1 - np.mean([state.linker for state in found]) == pytest.approx(0.875**2 * 0.8, abs=0.02)


def test_atoms_are_counted():
    """Every missing brick takes 66 atoms more than the linkers, 8 each with caps put back."""
    atoms = disordered(pristine(), CUBE, Disorder(brick=0.125, linker=0.2))
    found = reached(atoms)
    bricks, linkers = round(found.brick * 32), round(found.linker * 192)
    assert len(atoms) == 8 * 456 - 66 * bricks - 8 * linkers


def test_hafnium_mixes_within_bricks():
    atoms = disordered(pristine(), CUBE, Disorder(hf=0.5))
    assert Counter(atoms.numbers[(atoms.numbers == 72) | (atoms.numbers == 40)]) == {40: 96, 72: 96}
    blocks = partition(atoms)
    assert len(set(np.bincount(blocks.labels, atoms.numbers == 72)[: len(blocks)])) > 3


def test_the_seed_decides():
    a, b, c = (disordered(pristine(), (2, 1, 1), Disorder(linker=0.2, seed=s)) for s in (1, 1, 2))
    assert a == b
    assert a != c


def test_domains_as_large_as_the_cell_are_reo():
    atoms = disordered(pristine(), CUBE, Disorder(brick=0.25, domain=41.0))
    net = Net.of(atoms, partition(atoms))
    assert len(atoms) == 8 * 294
    assert (net.coordination()[net.bricks] == 8).all()


def test_missing_bricks_of_a_domain_are_no_neighbours():
    """Next neighbours in fcc are on different sites of the unit cell."""
    atoms = pristine().repeat((4, 4, 4))
    blocks, unit = partition(atoms), partition(pristine())
    net = Net.of(atoms, blocks)
    site = unit.labels[np.unique(blocks.labels, return_index=True)[1] % 456]

    def touching(domain):
        missing = draw(atoms, blocks, Disorder(brick=0.1, domain=domain), site).missing
        lost = net.ends[(missing & net.bricks)[net.ends].any(axis=1)]
        return int((np.bincount(lost.ravel(), minlength=len(net))[net.linkers] == 2).sum())

    assert touching(20.0) == 0
    assert touching(0.0) > 5


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"brick": 0.25, "linker": 0.2, "counted": "resulting"}, "ask for a linker fraction of 0"),
        ({"linker": 0.95, "counted": "resulting"}, "hang on nothing, in each of 100 draws"),
        ({"linker": 0.95}, "directions of space, not in 3"),
        ({"brick": 0.01}, "0.01 of 32 bricks makes 0: take a larger supercell"),
        ({"hf": 0.001}, "0.001 of 192 Zr atoms makes 0"),
        ({"brick": 0.2, "domain": 100.0}, "domains of 100 Å do not fit into a cell of 41.7 Å"),
        ({"brick": 0.4, "domain": 20.0}, "at most 0.25 of the bricks"),
    ],
)
def test_what_cannot_be_had_is_refused(wanted, reason):
    with pytest.raises(ImpossibleDisorder, match=reason):
        disordered(pristine(), CUBE, Disorder(**wanted))


def test_domains_need_several_bricks_in_a_cell():
    edge = LATTICE_CONSTANT / 2
    cell = edge * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
    whole = pristine()
    inside = (whole.positions @ np.linalg.inv(cell) + 1e-6) % 1.0
    first = np.sort(np.unique(inside.round(4), axis=0, return_index=True)[1])
    primitive = Atoms(whole.numbers[first], scaled_positions=inside[first], cell=cell, pbc=True)
    assert len(primitive) == 114
    assert len(disordered(primitive, (3, 3, 3), Disorder(linker=0.1))) == 27 * 114 - 16 * 8
    with pytest.raises(ImpossibleDisorder, match="this one has a single one"):
        disordered(primitive, (3, 3, 3), Disorder(brick=0.1, domain=10.0))


@settings(max_examples=30, deadline=None)
@given(
    hf=st.floats(0, 1),
    brick=st.floats(0, 0.4),
    linker=st.floats(0.01, 0.9),
    counted=st.sampled_from(["removed", "resulting"]),
    seed=st.integers(0, 1000),
)
def test_disorder_is_sound_or_refused(hf, brick, linker, counted, seed):
    disorder = Disorder(hf=hf, brick=brick, linker=linker, counted=counted, seed=seed)
    try:
        atoms = disordered(pristine(), (2, 2, 1), disorder)
    except ImpossibleDisorder:
        return
    blocks, found = partition(atoms), reached(atoms)
    if counted == "resulting":
        assert found.brick == pytest.approx(round(16 * brick) / 16)
        assert found.linker == pytest.approx(round(96 * linker) / 96)
    assert len(atoms) == 4 * 456 - 66 * round(16 * found.brick) - 8 * round(96 * found.linker)
    for brick_block in np.flatnonzero(np.array(blocks.kinds) == "brick"):
        cut(atoms, blocks, brick_block, Blueprint(mantle=0))  # neutral, no clashes


def test_there_must_be_zirconium():
    with pytest.raises(ImpossibleDisorder, match="holds no Zr"):
        disordered(pristine("Hf"), (1, 1, 1), Disorder(hf=0.5))


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({}, "at least one of"),
        ({"hf": 0.1, "domain": 5}, "made of missing bricks"),
        ({"hf": 2}, "less than or equal to 1"),
    ],
)
def test_nonsense_is_refused(wrong, reason):
    with pytest.raises(ValidationError, match=reason):
        Disorder(**wrong)


def test_systems_with_disorder():
    disorder = Disorder(linker=0.2, seed=3)
    system = System(disorder=disorder, supercell=(2, 1, 1))
    assert system.name == "S_0-0-0.2-s3_2x1x1"
    assert build(system) == disordered(pristine(), (2, 1, 1), disorder)
    with pytest.raises(ValidationError, match="starts from the pristine framework"):
        System(variant="reo", disorder=disorder)
