"""Fragments that nobody should pay for are refused with the reason."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from nearsight.blocks import UnsoundCluster, find_bonds
from nearsight.blocks.soundness import check_sound
from nearsight.systems.uio66 import linker


def test_benzene_is_sound():
    ring = molecule("C6H6")
    check_sound(ring, find_bonds(ring)[0])


def test_a_radical_is_open_shell():
    ring = molecule("C6H6")[:-1]
    with pytest.raises(UnsoundCluster, match="odd number of electrons"):
        check_sound(ring, find_bonds(ring)[0])


def test_an_anion_is_charged():
    anion = linker(np.array([1.0, 1.0, 0.0]))
    with pytest.raises(UnsoundCluster, match="formal charge of -2"):
        check_sound(anion, find_bonds(anion)[0])


def test_a_torn_bond_is_noticed():
    ring = molecule("C6H6")
    pairs = find_bonds(ring)[0]
    ring.positions[-1] *= 1.5
    with pytest.raises(UnsoundCluster, match=r"bond between .* Å long"):
        check_sound(ring, pairs)


def test_a_clash_is_noticed():
    two = molecule("CH4") + molecule("CH4")
    two.positions[5:] += [0, 0, 8.0]
    pairs = find_bonds(two)[0]
    two.positions[5:] -= [0, 0, 6.4]
    with pytest.raises(UnsoundCluster, match="clash"):
        check_sound(two, pairs)


@pytest.mark.parametrize(("distance", "sound"), [(2.28, True), (1.7, False)])
def test_metals_may_bond_but_not_overlap(distance, sound):
    pair = Atoms("Ru2", positions=[[0, 0, 0], [0, 0, distance]])
    none = np.empty((0, 2), dtype=np.int64)
    if sound:
        check_sound(pair, none)
    else:
        with pytest.raises(UnsoundCluster, match="clash"):
            check_sound(pair, none)
