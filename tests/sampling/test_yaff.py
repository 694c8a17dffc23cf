"""Physics of YAFF walks, on copper (EMT)."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from numpy.typing import NDArray

from nearsight.potentials.base import Potential, Prediction
from nearsight.sampling import Sampler, WalkSpec
from nearsight.sampling.yaff import Yaff

pytestmark = pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")


class Copper:
    """EMT as a potential; it has no features."""

    def __init__(self) -> None:
        self._calculator = EMT()

    def evaluate(self, atoms: Atoms) -> Prediction:
        atoms = atoms.copy()
        atoms.calc = self._calculator
        return Prediction(
            energy=float(atoms.get_potential_energy()),
            forces=atoms.get_forces(),
            stress=atoms.get_stress(voigt=False),
            features=np.zeros((len(atoms), 1)),
        )

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return np.zeros((len(atoms), 1))


def copper(strain: float = 0.0) -> Atoms:
    atoms = bulk("Cu", cubic=True).repeat((2, 2, 2))
    atoms.set_cell(atoms.cell.array * (1.0 + strain), scale_atoms=True)
    return atoms


def spec(**changes: object) -> WalkSpec:
    options: dict[str, object] = {
        "temperature": 300.0,
        "pressure": None,
        "duration": 200.0,
        "timestep": 2.0,
        "barostat_time": 500.0,
    }
    return WalkSpec.model_validate({**options, **changes})


def volumes(walk) -> NDArray[np.float64]:
    return np.abs(np.linalg.det(walk.cells))


def test_the_volume_stays_and_the_shape_moves():
    walk = Yaff().walk(copper(), Copper(), spec(), seed=1)
    assert walk.stop == "finished"
    assert walk.pressure is None
    np.testing.assert_allclose(volumes(walk), volumes(walk)[0], rtol=1e-10)
    assert np.abs(walk.cells[-1] - walk.cells[0]).max() > 1e-3


@pytest.mark.parametrize("pressure", [None, (1.0, 1.0)])
def test_what_the_equations_conserve_is_conserved(pressure):
    drifts = []
    for timestep in (2.0, 1.0):
        options = {"pressure": pressure, "timestep": timestep, "duration": 60.0}
        walk = Yaff().walk(copper(), Copper(), spec(**options), seed=2)
        assert np.ptp(walk.energies) > 0.2
        drifts.append(walk.conserved[1:].std())
    assert drifts[0] < 0.02 * np.ptp(walk.energies)
    assert drifts[1] < 0.5 * drifts[0]  # of second order


def test_frames_hold_what_the_potential_says_of_them_in_the_orientation_of_the_start():
    atoms = copper()
    atoms.rotate(40.0, (1.0, 2.0, 3.0), rotate_cell=True)
    walk = Yaff().walk(atoms, Copper(), spec(duration=40.0), seed=3)
    np.testing.assert_allclose(walk.positions[0], atoms.positions, atol=1e-10)
    np.testing.assert_allclose(walk.cells[0], atoms.cell.array, atol=1e-10)
    turn = np.linalg.solve(walk.cells[0], walk.cells[-1])
    assert np.abs(turn - np.eye(3)).max() < 0.05
    again = [Copper().evaluate(walk.frame(i)).energy for i in range(len(walk))]
    np.testing.assert_allclose(walk.energies, again, atol=1e-9)
    assert walk.times.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]


def test_the_same_seed_gives_the_same_trajectory_and_leaves_numpys_alone():
    sampler: Sampler = Yaff()
    potential: Potential = Copper()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, two = (sampler.walk(copper(), potential, spec(duration=20.0), seed=4) for _ in range(2))
    other = sampler.walk(copper(), potential, spec(duration=20.0), seed=5)
    assert np.array_equal(one.positions, two.positions)
    assert np.array_equal(one.cells, two.cells)
    assert not np.array_equal(one.positions, other.positions)
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_a_cold_crystal_has_the_pressure_of_its_energy():
    strained = copper(-0.01)
    walk = Yaff().walk(
        strained, Copper(), spec(temperature=0.01, duration=10.0, barostat_time=1e5), seed=6
    )
    h = 1e-4
    low, high = copper(-0.01 - h), copper(-0.01 + h)
    rise = Copper().evaluate(high).energy - Copper().evaluate(low).energy
    expected = -rise / (high.get_volume() - low.get_volume()) / units.GPa
    assert expected > 1.0
    np.testing.assert_allclose(walk.pressures, expected, atol=1e-3)


def test_a_guard_ends_a_walk_at_its_last_sane_frame():
    walk = Yaff().walk(copper(), Copper(), spec(max_force=0.5, temperature=900.0), seed=8)
    assert walk.stop.startswith("stopped: force")
    assert " at " in walk.stop
    assert 1 < len(walk) < 21
    assert len(walk.pressures) == len(walk)
    forces = Copper().evaluate(walk.frame(-1)).forces
    assert np.linalg.norm(forces, axis=1).max() <= 0.5


def test_what_cannot_walk_is_refused():
    cluster = copper()
    cluster.pbc = (True, True, False)
    with pytest.raises(ValueError, match="periodic in three directions"):
        Yaff().walk(cluster, Copper(), spec(), seed=0)
    overlap = copper()
    overlap.positions[1] = overlap.positions[0] + 0.1
    with pytest.raises(ValueError, match=r"not sane: atom 0 \(Cu\) and atom 1 \(Cu\) overlap"):
        Yaff().walk(overlap, Copper(), spec(), seed=0)
