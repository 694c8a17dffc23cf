"""The paper's variants: composition, coordination, charge and geometry."""

import hashlib
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from matscipy.neighbours import neighbour_list

from nearsight.blocks import Blueprint, cut, partition
from nearsight.systems import System, build
from nearsight.systems.defects import concentrations
from nearsight.systems.net import Net
from nearsight.systems.uio66 import pristine
from nearsight.systems.variants import VARIANTS, linker_pairs

UNIT_CELLS = {
    "pr": ("C192H112O128Zr24", [12] * 4),
    "hf": ("C192H112HfO128Zr23", [12] * 4),
    "pr-hf": ("C192H112Hf24O128", [12] * 4),
    "ld": ("C186H110O128Zr24", [11, 11, 12, 12]),
    "reo": ("C108H72O96Zr18", [8] * 3),
    "bcu": ("C144H96O128Zr24", [8] * 4),
    "scu": ("C84H64O96Zr18", [4, 4, 8]),
}
DOUBLE = [name for name in VARIANTS if name.startswith("ld-2/")]


def coordination(atoms):
    net = Net.of(atoms, partition(atoms))
    assert (net.coordination()[net.linkers] == 2).all()
    assert net.dimensions(np.zeros(len(net), dtype=bool)) == 3
    return sorted(net.coordination()[net.bricks].tolist())


@pytest.mark.parametrize("name", UNIT_CELLS)
def test_composition_and_coordination(name):
    atoms = build(System(variant=name))
    assert (atoms.get_chemical_formula(), coordination(atoms)) == UNIT_CELLS[name]


@pytest.mark.parametrize("framework", ["UiO-66", "UiO-67"])
@pytest.mark.parametrize("name", [*UNIT_CELLS, "ld-2/1"])
def test_every_block_is_neutral_and_does_not_clash(name, framework):
    atoms = build(System(framework=framework, variant=name))
    blocks = partition(atoms)
    for block in range(len(blocks)):
        cut(atoms, blocks, block, Blueprint(mantle=0))  # refuses charges, odd electrons, clashes
    assert neighbour_list("d", atoms, 1.6).min() > 0.95


@pytest.mark.parametrize(
    ("name", "digest"),
    [("pr", "85c6abb5e8aefb80"), ("ld", "a647b210072c29a5")],
)
def test_what_was_computed_with_stays_findable(name, digest):
    positions = build(System(variant=name)).positions.round(4) + 0.0
    assert hashlib.sha256(positions.tobytes()).hexdigest()[:16] == digest


def test_scu_and_bcu_are_weak_in_the_same_plane():
    for name in ("bcu", "scu"):
        atoms = build(System(variant=name))
        net = Net.of(atoms, partition(atoms))
        assert np.abs(net.vectors()[:, 2]).min() > 3


def test_there_are_seven_pairs_of_linkers():
    assert len(linker_pairs(pristine())) == len(DOUBLE) == 7
    structures = [build(System(variant=name)) for name in DOUBLE]
    assert {atoms.get_chemical_formula() for atoms in structures} == {"C180H108O128Zr24"}


def test_the_seven_differ_and_leave_no_pair_out():
    """The net alone, no group theory: sorted distances among what is left name a class."""
    atoms = pristine()
    net = Net.of(atoms, partition(atoms))
    linkers, bricks = np.flatnonzero(net.linkers), np.flatnonzero(net.bricks)
    half = net.cell[0, 0] / 4
    places = np.rint(net.centres / half).astype(int)  # exact on the lattice

    def invariant(pair):
        others = np.concatenate([np.setdiff1d(linkers, pair), bricks])
        ways = []
        for vacancy in pair:
            apart = (places[others] - places[vacancy] + 2) % 4 - 2
            ways.append(Counter(map(tuple, np.sort(apart**2, axis=1))))
        (apart,) = (places[[pair[0]]] - places[pair[1]] + 2) % 4 - 2
        mine = [sorted(net.ends[(net.ends == k).any(axis=1)].ravel().tolist()) for k in pair]
        shared = len((set(mine[0]) & set(mine[1])) & set(bricks.tolist()))
        return tuple(sorted(apart**2)), shared, str(sorted(map(sorted, map(Counter.items, ways))))

    found = {invariant(pair) for pair in linker_pairs(atoms)}
    assert len(found) == 7
    assert found == {invariant(pair) for pair in combinations(linkers, 2)}


def test_the_nearest_pair_comes_first():
    net = Net.of(pristine(), partition(pristine()))
    a, b = net.centres[linker_pairs(pristine())].transpose(1, 0, 2)
    apart = a - b - 20.87 * np.rint((a - b) / 20.87)
    lengths = np.linalg.norm(apart, axis=1).round(2)
    assert (np.diff(lengths) >= 0).all()


def test_the_supercell_of_the_paper():
    atoms = build(System(variant="sup"))
    reached = concentrations(atoms, partition(atoms), pristine())
    assert len(atoms) == 22_052
    assert str(reached) == "0.21-0.13-0.40"
    assert reached.coordination == pytest.approx(8.3, abs=0.05)


def test_the_half_as_disordered_one():
    atoms = build(System(variant="sup*"))
    reached = concentrations(atoms, partition(atoms), pristine())
    assert str(reached) == "0.10-0.04-0.17"
    assert reached.coordination == pytest.approx(10.4, abs=0.05)
    assert len(atoms) > 20_000


def test_reo_in_the_scheme_of_concentrations():
    atoms = build(System(variant="reo"))
    assert str(concentrations(atoms, partition(atoms), pristine())) == "0.00-0.25-0.50"


def test_the_example_that_is_drawn():
    atoms = build(System(variant="sup-3x3x1"))
    np.testing.assert_allclose(atoms.cell.lengths() / 20.87, [3, 3, 1])
    assert min(coordination(atoms)) >= 1


def test_supercells_repeat_variants():
    assert len(build(System(variant="pr", supercell=(4, 4, 4)))) == 29_184
    assert len(build(System(variant="reo", supercell=(2, 1, 1)))) == 2 * 294
