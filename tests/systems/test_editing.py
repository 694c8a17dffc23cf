"""Blocks taken out of frameworks."""

from collections import Counter

import numpy as np
import pytest
from ase.build import molecule
from scipy.spatial import cKDTree

from nearsight.blocks import cut, partition
from nearsight.systems.editing import remove_blocks, rotate_linkers
from nearsight.systems.selection import beside, kind, these
from nearsight.systems.uio66 import RING_RADIUS, pristine


def test_every_linker_leaves_two_formates():
    atoms = pristine()
    blocks = partition(atoms)
    for linker in np.flatnonzero(np.array(blocks.kinds) == "linker")[::5]:
        edited = remove_blocks(atoms, blocks, linker)
        kept = atoms[blocks.labels != linker]
        assert edited.get_chemical_formula() == "C186H110O128Zr24"
        np.testing.assert_array_equal(edited.positions[:446], kept.positions)
        np.testing.assert_array_equal(edited.numbers[:446], kept.numbers)
        caps = edited.get_all_distances(mic=True)[446:, :446]
        assert caps.min(axis=1) == pytest.approx([1.09, 1.09])
        assert (edited.numbers[caps.argmin(axis=1)] == 6).all()
        fractions = edited.get_scaled_positions(wrap=False)[446:]
        assert ((fractions >= 0) & (fractions < 1)).all()


def test_a_brick_goes_with_its_linkers():
    atoms = pristine()
    blocks = partition(atoms)
    edited = remove_blocks(atoms, blocks, [0, *blocks.neighbours(0)])
    left = partition(edited)
    assert Counter(left.kinds) == {"brick": 3, "linker": 12}
    assert len(edited) == 456 - 54 - 120 + 12
    for brick in np.flatnonzero(np.array(left.kinds) == "brick"):
        assert cut(edited, left, brick).atoms.get_chemical_formula() == "C60H48O32Zr6"


def test_a_guest_leaves_no_caps():
    water = molecule("H2O")
    water.positions += 5.2
    atoms = pristine() + water
    blocks = partition(atoms)
    assert len(remove_blocks(atoms, blocks, blocks.kinds.index("guest"))) == 456


def test_wrong_blocks_are_refused():
    atoms = pristine()
    blocks = partition(atoms)
    with pytest.raises(ValueError, match="between 0 and 27"):
        remove_blocks(atoms, blocks, 28)
    with pytest.raises(ValueError, match="456 atoms"):
        remove_blocks(atoms[:-1], blocks, 0)


def test_what_would_hang_on_nothing_is_refused():
    atoms = pristine()
    blocks = partition(atoms)
    linkers = (kind("linker") & beside(these(0)))(atoms, blocks)
    with pytest.raises(ValueError, match=r"4, 5, .* 7 more .* no longer hold blocks 0 \(brick\)"):
        remove_blocks(atoms, blocks, linkers)
    assert len(remove_blocks(atoms, blocks, linkers[:-1])) == 456 - 11 * 8


def same_places(a, b):
    """Whether two crystals have the same atoms, in any order, within 0.01 Å."""
    for number in np.unique(a.numbers):
        here, there = (x.get_scaled_positions()[x.numbers == number] % 1.0 for x in (a, b))
        distance, seat = cKDTree(there, boxsize=1.0).query(here)
        if distance.max() * a.cell.lengths().max() > 0.01 or len(set(seat)) < len(there):
            return False
    return len(a) == len(b)


@pytest.mark.parametrize(("angle", "same"), [(0, True), (90, False), (180, True), (360, True)])
def test_a_phenylene_has_a_twofold_axis(angle, same):
    atoms = pristine()
    blocks = partition(atoms)
    turned = rotate_linkers(atoms, blocks, kind("linker")(atoms, blocks), angle)
    assert same_places(turned, atoms) is same
    np.testing.assert_array_equal(partition(turned).labels, blocks.labels)


def test_turning_keeps_the_axis_and_all_lengths():
    atoms = pristine()
    blocks = partition(atoms)
    linker = kind("linker")(atoms, blocks)[3]
    turned = rotate_linkers(atoms, blocks, linker, 30.0)
    members = blocks.members(linker)
    inner = np.intersect1d(blocks.seams, members)
    np.testing.assert_allclose(turned.positions[inner], atoms.positions[inner], atol=1e-9)
    before, after = (x[members].get_all_distances(mic=True) for x in (atoms, turned))
    np.testing.assert_allclose(after, before, atol=1e-9)
    ring = [k for k in members if k not in inner]
    moved = np.linalg.norm(turned.positions[ring] - atoms.positions[ring], axis=1)
    radius = RING_RADIUS * np.sin(np.pi / 3)
    assert moved.min() == pytest.approx(2 * radius * np.sin(np.deg2rad(15)))


def test_a_brick_has_no_axis():
    atoms = pristine()
    blocks = partition(atoms)
    with pytest.raises(ValueError, match="held by 12 seams: no axis"):
        rotate_linkers(atoms, blocks, 0, 10)
