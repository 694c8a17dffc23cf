"""Published frameworks that nobody here chose: sensible blocks, or a refusal that says why.

`frameworks.npz` holds structures of the CoRE MOF 2019 database, all solvent removed (Chung et al.,
J. Chem. Eng. Data 2019, doi:10.1021/acs.jced.9b00835; data under CC BY 4.0,
doi:10.5281/zenodo.7691378): some well-known ones by their CSD codes, the others drawn at random.
What is asserted here does not use the code that it judges.
"""

from collections import Counter
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.neighborlist import natural_cutoffs, neighbor_list

from nearsight.blocks import Blocks, UnsoundCluster, UnsupportedFramework, cut, partition
from nearsight.blocks.bonds import METALS

SINGLE = {
    "CC": (1.35, 1.66), "CN": (1.36, 1.56), "CP": (1.70, 1.95), "CS": (1.65, 1.90),
    "CSi": (1.75, 1.95), "BC": (1.48, 1.70), "CSe": (1.85, 2.0), "AsC": (1.85, 2.0),
}  # fmt: skip
"""Lengths of single bonds in Å."""


def read() -> dict[str, Atoms]:
    table = np.load(Path(__file__).with_name("frameworks.npz"))
    ends = np.cumsum(table["sizes"])[:-1]
    parts = (np.split(table[key], ends) for key in ("numbers", "positions"))
    return {
        name: Atoms(numbers, positions=positions, cell=cell, pbc=True)
        for name, numbers, positions, cell in zip(
            table["names"].tolist(), *parts, table["cells"], strict=True
        )
    }


def outcome(atoms) -> Blocks | str:
    try:
        return partition(atoms)
    except UnsupportedFramework as refusal:
        return str(refusal)


FRAMEWORKS = read()
BLOCKS = {name: outcome(atoms) for name, atoms in FRAMEWORKS.items()}


def walk(neighbours, start, closed):
    """All (atom, image) that bonds reach from an atom in the home cell; many if without end."""
    seen, stack = {(start, (0, 0, 0))}, [(start, (0, 0, 0))]
    while stack and len(seen) < 5000:
        atom, image = stack.pop()
        for other, shift in neighbours[atom]:
            there = (other, tuple(a + b for a, b in zip(image, shift, strict=True)))
            if there not in seen and {(atom, image), there} != closed:
                seen.add(there)
                stack.append(there)
    return seen


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_cut_is_a_sensible_single_bond(name):
    atoms = FRAMEWORKS[name]
    blocks = BLOCKS[name]
    if isinstance(blocks, str):
        assert len(blocks) > 30  # a sentence
        return
    first, second, shifts = neighbor_list("ijS", atoms, natural_cutoffs(atoms, mult=1.15))
    covalent = ~METALS[atoms.numbers[[first, second]]].any(axis=0)
    covalent &= (atoms.numbers[[first, second]] != 1).any(axis=0)
    neighbours = [[] for _ in atoms]
    for a, b, shift in zip(first[covalent], second[covalent], shifts[covalent], strict=True):
        neighbours[a].append((int(b), tuple(shift.tolist())))

    assert len(blocks.seams)
    for a, b in blocks.seams.tolist():
        pair = "".join(sorted(atoms.symbols[[a, b]]))
        low, high = SINGLE[pair]
        assert low < atoms.get_distance(a, b, mic=True) < high
        assert blocks.labels[a] != blocks.labels[b]
        (image,) = (shift for other, shift in neighbours[a] if other == b)
        assert (b, image) not in walk(neighbours, a, {(a, (0, 0, 0)), (b, image)}), "in a ring"
    for block, kind in enumerate(blocks.kinds):
        members = blocks.members(block)
        assert kind != "linker" or not METALS[atoms.numbers[members]].any()
        if not METALS[atoms.numbers[members]].any():
            pieces = {atom for atom, _ in walk(neighbours, int(members[0]), set())}
            assert pieces >= set(members.tolist())


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_clusters_are_sound_or_refused(name):
    atoms = FRAMEWORKS[name]
    blocks = BLOCKS[name]
    if isinstance(blocks, str):
        return
    for kind in set(blocks.kinds):
        with suppress(UnsoundCluster):
            cluster = cut(atoms, blocks, blocks.kinds.index(kind))
            assert cluster.atoms.numbers.sum() % 2 == 0
            distances = cluster.atoms.get_all_distances()[cluster.caps]
            distances[distances == 0] = np.inf
            assert distances.min(initial=9) > 0.9


@pytest.mark.parametrize(
    ("name", "blocks", "cluster"),
    [
        ("FIQCEN_clean", {"C4Cu2O8": 6, "C6H3": 8}, "C28H20Cu2O8"),  # HKUST-1
        ("EDUSIF_clean", {"C6O13Zn4": 2, "C6H4": 6}, "C42H30O13Zn4"),  # MOF-5
        ("SABVUN_clean_h_min", {"C8H4Al4O20": 4, "C6H4": 16}, None),  # MIL-53, rods
        ("NUTQEZ_clean", {"C4Cu2O8": 3, "C14H6": 3}, "C60H36Cu2O8"),  # MOF-505
        ("NIYZIG_clean", {"C6H2O16P2Zn4": 2, "C6H4": 12}, None),  # phosphonates
    ],
)
def test_known_answers(name, blocks, cluster):
    atoms = FRAMEWORKS[name]
    found = partition(atoms)
    formulas = Counter(
        atoms[found.members(block)].get_chemical_formula() for block in range(len(found))
    )
    assert formulas == blocks
    if cluster:
        around = cut(atoms, found, found.kinds.index("brick")).atoms
        assert around.get_chemical_formula() == cluster


@pytest.mark.parametrize(
    "name", [name for name, blocks in BLOCKS.items() if "periodic image: repeat" in str(blocks)]
)
def test_a_larger_cell_is_a_way_out(name):
    assert len(partition(FRAMEWORKS[name].repeat(2)).seams)


@pytest.mark.parametrize("name", list(FRAMEWORKS)[1::4])
def test_two_cells_hold_twice_the_blocks(name):
    atoms, blocks = FRAMEWORKS[name], BLOCKS[name]
    if isinstance(blocks, str):
        return
    two = partition(atoms.repeat((2, 1, 1)))
    assert len(two.seams) == 2 * len(blocks.seams)
    kinds, twice = Counter(blocks.kinds), Counter(two.kinds)
    for kind in ("brick", "linker", "guest"):
        assert twice[kind] == 2 * kinds[kind]


@pytest.mark.parametrize("name", list(FRAMEWORKS)[2::4])
def test_the_order_of_atoms_and_the_origin_do_not_matter(name):
    atoms, blocks = FRAMEWORKS[name], BLOCKS[name]
    if isinstance(blocks, str):
        return
    rng = np.random.default_rng(0)
    order = rng.permutation(len(atoms))
    moved = atoms[order]
    moved.rotate(50, (1, 2, 3), rotate_cell=True)
    moved.positions += rng.normal(scale=9, size=3)
    moved.wrap()
    again = partition(moved)
    seams = {tuple(sorted(order[seam].tolist())) for seam in again.seams}
    assert seams == {tuple(seam) for seam in blocks.seams.tolist()}
    assert Counter(again.kinds) == Counter(blocks.kinds)


def test_what_cannot_be_parted_is_named():
    with pytest.raises(UnsupportedFramework, match="C6H2O2 joins its metals"):  # MOF-74
        partition(FRAMEWORKS["KOSKIO01_clean"])


@pytest.mark.parametrize("name", list(FRAMEWORKS)[:60:3])
def test_damage_never_ends_in_a_traceback(name):
    rng = np.random.default_rng(len(name))
    atoms = FRAMEWORKS[name]
    for loss in (0.02, 0.3):
        damaged = atoms[rng.random(len(atoms)) > loss]
        damaged.rattle(0.02, seed=1)
        with suppress(UnsupportedFramework, UnsoundCluster):
            cut(damaged, partition(damaged), 0)


def test_most_are_understood():
    understood = sum(not isinstance(blocks, str) for blocks in BLOCKS.values())
    assert understood > 0.5 * len(BLOCKS)
