import numpy as np
from ase import Atoms
from ase.build import molecule

from nearsight.figures.drawing import broadside, cell_edges, near_bonds, tilt
from nearsight.systems.uio66 import brick, pristine


def test_bonds_of_benzene():
    first, _, vectors = near_bonds(molecule("C6H6"))
    assert len(first) == 24  # 12 bonds, from either end
    assert np.linalg.norm(vectors, axis=1).max() < 1.5


def test_bonds_reach_through_the_faces_of_the_cell():
    atoms = pristine()
    first, second, vectors = near_bonds(atoms)
    of_hydrogen = atoms.numbers[first] == 1
    assert of_hydrogen.sum() == 112  # every H has one bond
    assert np.linalg.norm(vectors[of_hydrogen], axis=1).max() < 1.2
    apart = np.linalg.norm(atoms.positions[second] - atoms.positions[first], axis=1)
    assert apart.max() > 10  # some partners sit at the other side of the cell
    assert np.linalg.norm(vectors, axis=1).max() < 2.8


def test_metals_are_not_joined():
    atoms = brick()
    first, second, _ = near_bonds(atoms)
    assert not ((atoms.numbers[first] == 40) & (atoms.numbers[second] == 40)).any()


def test_a_cell_has_twelve_edges():
    edges = cell_edges(Atoms(cell=[1, 2, 3], pbc=True))
    lengths = np.linalg.norm(edges[:, 1] - edges[:, 0], axis=1)
    assert sorted(lengths) == [1] * 4 + [2] * 4 + [3] * 4
    assert len(cell_edges(molecule("H2O"))) == 0


def test_views_are_rotations():
    for rotation in (tilt(20, 30), broadside(molecule("C6H6").positions)):
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.isclose(np.linalg.det(rotation), 1)
