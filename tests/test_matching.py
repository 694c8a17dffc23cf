import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from nearsight.blocks import cut, partition
from nearsight.matching import (
    atom_rmse,
    bonds_from_edge,
    core_atoms,
    distance_from_edge,
    mismatch,
    spread,
)
from nearsight.systems import System, build

CHAIN = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])


@pytest.fixture
def forces():
    return np.random.default_rng(0).normal(size=(5, 3))


def test_equal_forces_match(forces):
    assert (mismatch(forces, forces.copy()) == 0).all()


def test_a_known_difference(forces):
    np.testing.assert_allclose(mismatch(forces, forces + np.array([3.0, 0.0, 4.0])), 5.0)


def test_turning_both_changes_nothing_and_turning_one_does(forces):
    cluster = forces + np.random.default_rng(1).normal(size=(5, 3))
    turn = Rotation.from_euler("xyz", [0.3, 1.0, -0.4]).apply
    np.testing.assert_allclose(mismatch(turn(forces), turn(cluster)), mismatch(forces, cluster))
    assert (mismatch(forces, turn(forces)) > 0.1).all()


def test_other_atoms_are_refused(forces):
    with pytest.raises(ValueError, match=r"\(5, 3\) in the bulk and \(4, 3\) in the cluster"):
        mismatch(forces, forces[:4])


def test_the_core_of_a_real_cluster_lies_on_the_bulk_once_shifted():
    atoms = build(System(variant="ld"))
    atoms.positions += [7.0, -3.0, 11.0]
    blocks = partition(atoms)
    cluster = cut(atoms, blocks, 5)
    core = core_atoms(cluster.core, cluster.parent_indices)
    members = blocks.members(5)
    assert (cluster.parent_indices[core] == members).all()
    apart = (cluster.atoms.positions[core] - atoms.positions[members]) @ np.linalg.inv(atoms.cell)
    np.testing.assert_allclose(apart, np.rint(apart), atol=1e-9)


def test_the_order_is_that_of_the_parent():
    core = np.array([True, False, True, True])
    assert core_atoms(core, np.array([7, 1, 3, 5])).tolist() == [2, 3, 0]


def test_errors_of_frames_are_averaged_as_squares():
    np.testing.assert_allclose(atom_rmse(np.array([[3.0, 1.0], [4.0, 1.0]])), [12.5**0.5, 1.0])


def test_spread_is_that_within_an_element():
    features = np.array([[0.0, 0.0], [2.0, 0.0], [100.0, 7.0], [100.0, 9.0]])
    assert spread(features, np.array([1, 1, 6, 6])) == pytest.approx(1.0)


def test_bonds_from_the_edge():
    edge = np.array([True, False, False, False, True])
    assert bonds_from_edge(CHAIN, edge).tolist() == [0, 1, 2, 1, 0]


def test_where_nothing_leads_to_the_edge():
    edge = np.array([True, False, False, False, False])
    assert bonds_from_edge(CHAIN[:2], edge).tolist() == [0, 1, 2, -1, -1]


def test_all_of_a_guest_is_its_edge():
    nowhere = np.zeros(5, dtype=bool)
    assert (bonds_from_edge(CHAIN, nowhere) == 0).all()
    assert (distance_from_edge(np.eye(5)[:, :3], nowhere) == 0).all()


def test_distance_from_the_edge():
    positions = np.array([[0.0, 0, 0], [1.0, 0, 0], [5.0, 0, 0], [4.0, 3.0, 0]])
    edge = np.array([True, False, True, False])
    np.testing.assert_allclose(distance_from_edge(positions, edge), [0, 1, 0, 10**0.5])
