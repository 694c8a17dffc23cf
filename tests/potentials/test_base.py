"""The contract of `Potential`, for everything that claims to be one."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms

from nearsight.potentials import NequIP, Potential


@pytest.fixture(params=["nequip"])
def potential(request: pytest.FixtureRequest, network: NequIP) -> Potential:
    return {"nequip": network}[request.param]


def test_shapes_types_and_finite_numbers(potential: Potential, structure: Atoms) -> None:
    prediction = potential.evaluate(structure)
    n = len(structure)
    assert isinstance(prediction.energy, float)
    assert prediction.forces.shape == (n, 3)
    assert prediction.features.ndim == 2
    assert len(prediction.features) == n
    arrays = [prediction.forces, prediction.features]
    if structure.pbc.all():
        assert prediction.stress is not None
        assert prediction.stress.shape == (3, 3)
        np.testing.assert_array_equal(prediction.stress, prediction.stress.T)
        arrays.append(prediction.stress)
    else:
        assert prediction.stress is None
    assert all(a.dtype == np.float64 and np.isfinite(a).all() for a in arrays)
    assert np.isfinite(prediction.energy)


def test_features_are_those_of_evaluate(potential: Potential, structure: Atoms) -> None:
    features = potential.features(structure)
    np.testing.assert_array_equal(features, potential.evaluate(structure).features)
    assert features.dtype == np.float64


def test_forces_add_up_to_nothing(potential: Potential, structure: Atoms) -> None:
    forces = potential.evaluate(structure).forces
    assert np.abs(forces).max() > 0.01
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-5)


def test_nothing_is_left_behind(potential: Potential, structure: Atoms) -> None:
    atoms = structure.copy()
    first = potential.evaluate(atoms)
    potential.features(atoms)
    again = potential.evaluate(atoms)
    assert atoms == structure
    assert first.energy == again.energy
    np.testing.assert_array_equal(first.forces, again.forces)


def test_a_lone_atom(potential: Potential) -> None:
    near, far = Atoms("Zr"), Atoms("Zr2", [[0, 0, 0], [60, 0, 0]])
    alone = potential.evaluate(near)
    np.testing.assert_array_equal(alone.forces, 0)
    assert potential.evaluate(far).energy == pytest.approx(2 * alone.energy, rel=1e-12)
