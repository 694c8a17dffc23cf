"""Formal charges of fragments whose charge is known."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from nearsight.blocks import cut, find_bonds, partition
from nearsight.blocks.charge import formal_charge
from nearsight.systems.uio66 import brick, linker, pristine


def charge(atoms):
    return formal_charge(atoms.numbers, find_bonds(atoms)[0])


def test_a_bare_brick_is_twelve_times_positive():
    assert charge(brick()) == 24 - 4 * 2 - 4
    assert charge(brick("Hf")) == 12


def test_a_terephthalate_is_twice_negative():
    assert charge(linker(np.array([1.0, 1.0, 0.0]))) == -2


def test_a_cluster_is_neutral():
    atoms = pristine()
    assert charge(cut(atoms, partition(atoms), 0).atoms) == 0


@pytest.mark.parametrize("name", ["H2O", "CH3COOH", "HCOOH", "CH3OH", "NH3", "C6H6"])
def test_molecules_are_neutral(name):
    assert charge(molecule(name)) == 0


def test_doubt_is_none():
    assert charge(brick("Ce")) is None
    cyanide = Atoms("ZnNC", positions=[[0, 0, 0], [0, 0, 2.0], [0, 0, 3.15]])
    assert charge(cyanide) is None
