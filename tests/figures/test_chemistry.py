import numpy as np
from ase.build import molecule
from ase.neighborlist import natural_cutoffs, neighbor_list

from nearsight.figures import atom_types
from nearsight.systems.uio66 import pristine


def bonds(atoms):
    i, j = neighbor_list("ij", atoms, natural_cutoffs(atoms, mult=1.15))
    return np.stack([i, j], axis=1)[i < j]


def test_the_three_carbons_of_the_linker():
    atoms = pristine()
    types = atom_types(atoms.numbers, bonds(atoms))
    names, counts = np.unique(types[atoms.numbers == 6], return_counts=True)
    # 24 linkers: 4 C-H, 2 C-C and 2 carboxylate carbons each (paper, Figure 4)
    assert dict(zip(names, counts, strict=True)) == {
        "C(C,C,H)": 96,
        "C(C,C,C)": 48,
        "C(C,O,O)": 48,
    }


def test_formate_is_a_type_of_its_own():
    atoms = molecule("HCOOH")
    types = atom_types(atoms.numbers, bonds(atoms))
    assert types[atoms.numbers == 6].tolist() == ["C(H,O,O)"]


def test_an_atom_without_bonds():
    assert atom_types(np.array([2]), np.empty((0, 2), dtype=int)).tolist() == ["He()"]
