"""Molecules that can be linkers."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from nearsight.systems.linkers import Linker, named
from nearsight.systems.uio66 import linker


@pytest.mark.parametrize(
    ("name", "formula"), [("BDC", "C6H4"), ("BDC-NH2", "C6H5N"), ("BPDC", "C12H8")]
)
def test_bodies(name, formula):
    found = named(name)
    assert found.body.get_chemical_formula() == formula
    carbon, first, second = found.groups.transpose(1, 0, 2)
    for oxygen in (first, second):
        np.testing.assert_allclose(np.linalg.norm(oxygen - carbon, axis=1), 1.28)


def test_an_acid_loses_its_protons():
    acid = linker(np.array([1.0, 1.0, 0.0]))
    oxygens = np.flatnonzero(acid.numbers == 8)[[0, 2]]
    outward = acid.positions[oxygens] / np.linalg.norm(acid.positions[oxygens], axis=1)[:, None]
    acid += Atoms("H2", positions=acid.positions[oxygens] + 0.97 * outward)
    assert Linker.of(acid).body.get_chemical_formula() == "C6H4"


def test_a_molecule_without_two_carboxylates():
    with pytest.raises(ValueError, match="C2H4O2 has 1 carboxylates"):
        Linker.of(molecule("CH3COOH"))
    with pytest.raises(ValueError, match="known are BDC, BDC-NH2, BPDC"):
        named("BTC")


def test_the_rings_of_a_biphenyl_do_not_clash():
    atoms = linker(np.array([1.0, 1.0, 0.0]), rings=2)
    hydrogens = atoms[atoms.numbers == 1].get_all_distances()
    assert hydrogens[hydrogens > 0].min() > 2.0
    assert atoms.get_chemical_formula() == "C14H8O4"
