"""Blocks taken out of frameworks."""

from collections import Counter

import numpy as np
import pytest
from ase.build import molecule

from nearsight.blocks import cut, partition
from nearsight.systems.editing import remove_blocks
from nearsight.systems.uio66 import pristine


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
