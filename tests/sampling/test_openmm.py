"""Physics of OpenMM walks, on copper (EMT) and on potentials with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from numpy.typing import NDArray

from nearsight.potentials.base import Potential, Prediction
from nearsight.sampling.base import Sampler, WalkSpec
from nearsight.sampling.openmm import OpenMM


class Engine:
    """A potential on top of an ASE calculator; its one feature is the force's length."""

    def __init__(self, calculator: Calculator) -> None:
        self._calculator = calculator
        self.calls = 0

    def evaluate(self, atoms: Atoms) -> Prediction:
        self.calls += 1
        atoms = atoms.copy()
        atoms.calc = self._calculator
        forces = atoms.get_forces()
        return Prediction(
            energy=float(atoms.get_potential_energy()),
            forces=forces,
            stress=atoms.get_stress(voigt=False),
            features=np.linalg.norm(forces, axis=1)[:, None],
        )

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return self.evaluate(atoms).features


class Trap:
    """Einstein crystal of springs `k` (eV/Å²) around `sites`, fractional so that cells matter.

    Beyond `edge` (Å) the springs push outwards, ever harder: a potential with a hole.
    """

    def __init__(self, sites: Atoms, k: float, edge: float = np.inf) -> None:
        self._sites, self._k, self._edge = sites, k, edge

    def evaluate(self, atoms: Atoms) -> Prediction:
        away = atoms.positions - self._sites.get_scaled_positions(wrap=False) @ atoms.cell.array
        r = np.linalg.norm(away, axis=1)
        sign = np.where(r < self._edge, 1.0, -((r / self._edge) ** 8))
        forces = -self._k * sign[:, None] * away
        energy = 0.5 * self._k * float((sign * r**2).sum())
        return Prediction(energy, forces, np.zeros((3, 3)), np.column_stack([r]))

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return self.evaluate(atoms).features


def copper(repeat: int = 2) -> Atoms:
    return bulk("Cu", cubic=True).repeat((repeat, repeat, repeat))


def short(**changes: object) -> WalkSpec:
    options: dict[str, object] = {"duration": 40.0, "timestep": 2.0, "bulk_modulus": 140.0}
    return WalkSpec.model_validate({**options, **changes})


def test_same_seed_same_trajectory_to_the_last_bit() -> None:
    sampler: Sampler = OpenMM()
    potential: Potential = Engine(EMT())
    one, two = (sampler.walk(copper(), potential, short(), seed=7) for _ in range(2))
    other = sampler.walk(copper(), potential, short(), seed=8)
    assert np.array_equal(one.positions, two.positions)
    assert np.array_equal(one.cells, two.cells)
    assert np.array_equal(one.energies, two.energies)
    assert one.pressure == two.pressure != other.pressure
    assert not np.array_equal(one.positions, other.positions)


def test_frames_hold_what_the_potential_says_of_them_at_one_evaluation_a_step() -> None:
    potential = Engine(EMT())
    told: list[float] = []
    walk = OpenMM().walk(copper(), potential, short(), seed=1, progress=told.append)
    assert walk.stop == "finished"
    assert potential.calls == 21
    assert walk.times.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]
    assert told[-1] == 1.0
    assert told == sorted(told)
    assert np.array_equal(walk.positions[0], copper().positions)
    again = [potential.evaluate(walk.frame(i)).energy for i in range(len(walk))]
    np.testing.assert_allclose(walk.energies, again, atol=1e-9)


def test_velocities_and_forces_are_in_step() -> None:
    """Without friction and barostat the total energy is conserved: all units are right.

    What is left is the half step between the leapfrog's velocities and positions.
    """
    spec = short(pressure=None, friction=1e-9, duration=200.0, frame_interval=4.0, timestep=1.0)
    walk = OpenMM().walk(copper(), Engine(EMT()), spec, seed=2)
    kinetic = 1.5 * 32 * units.kB * walk.temperatures
    total = walk.energies + kinetic
    assert np.ptp(walk.energies) > 0.5
    assert np.std(total[1:]) < 0.1 * np.std(walk.energies)
    assert walk.pressure is None
    assert np.array_equal(walk.cells[-1], walk.cells[0])


def test_einstein_crystal_has_the_set_temperature_in_both_halves_of_its_energy() -> None:
    sites = copper()
    spec = short(pressure=None, friction=20.0, duration=10_000.0, frame_interval=20.0)
    walk = OpenMM().walk(sites, Trap(sites, k=3.0), spec, seed=3)
    settled = walk.times > 1000.0
    assert walk.temperatures[settled].mean() == pytest.approx(600.0, rel=0.03)
    expected = 1.5 * len(sites) * units.kB * 600.0
    assert walk.energies[settled].mean() == pytest.approx(expected, rel=0.05)


def test_pressure_compresses_and_tension_expands() -> None:
    volumes = {}
    for pressure in (-4.0, 4.0):
        spec = short(pressure=(pressure, pressure), duration=1000.0, frame_interval=4.0)
        walk = OpenMM().walk(copper(), Engine(EMT()), spec, seed=4)
        volumes[pressure] = np.abs(np.linalg.det(walk.cells[walk.times > 300.0])).mean()
        assert walk.pressure == pressure
    modulus = 8.0 * np.mean(list(volumes.values())) / (volumes[-4.0] - volumes[4.0])
    assert 90.0 < modulus < 180.0  # EMT copper: 134 GPa cold


def test_a_walk_keeps_the_orientation_of_its_start_and_stays_unwrapped() -> None:
    atoms = copper()
    atoms.rotate(40.0, (1.0, 2.0, 3.0), rotate_cell=True)
    walk = OpenMM().walk(atoms, Engine(EMT()), short(duration=400.0), seed=5)
    turn = np.linalg.solve(walk.cells[0], walk.cells[-1])
    assert np.abs(turn - turn.T).max() < 1e-3
    assert np.abs(turn - np.eye(3)).max() < 0.1
    drift = np.diff(walk.positions, axis=0)
    assert np.abs(drift).max() < 1.0


@pytest.mark.parametrize("cell", ["hexagonal", "left-handed", "skew"])
def test_any_cell_will_do(cell: str) -> None:
    atoms = copper()
    turns = {
        "hexagonal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "left-handed": [[1, 0, 0], [0, 0, 1], [0, 1, 0]],
        "skew": [[1, 0, 0], [1, 1, 0], [-1, 2, 1]],
    }
    if cell == "hexagonal":
        atoms = bulk("Mg").repeat((3, 3, 2))
        atoms.symbols[:] = "Cu"
        atoms.set_cell(atoms.cell.array * 0.8, scale_atoms=True)
    atoms.set_cell(np.array(turns[cell]) @ atoms.cell.array, scale_atoms=False)
    walk = OpenMM().walk(atoms, Engine(EMT()), short(), seed=6)
    assert walk.stop == "finished"
    assert np.array_equal(walk.cells[0], atoms.cell.array)


def test_an_exploding_walk_is_cut_at_its_last_sane_frame() -> None:
    sites = copper()
    spec = short(pressure=None, duration=2000.0, frame_interval=100.0)
    walk = OpenMM().walk(sites, Trap(sites, k=3.0, edge=0.35), spec, seed=9)
    assert walk.stop.startswith("stopped: ")
    assert " at " in walk.stop
    assert 1 < len(walk) < 21
    assert walk.times[-1] % 100.0 != 0.0  # later than the last frame on schedule
    for values in (walk.positions, walk.cells, walk.energies, walk.temperatures):
        assert np.isfinite(values).all()
    last = Trap(sites, k=3.0, edge=0.35).evaluate(walk.frame(-1))
    assert np.linalg.norm(last.forces, axis=1).max() <= spec.max_force


def test_numbers_that_are_not_finite_end_a_walk() -> None:
    sites = copper()

    class Hole(Trap):
        def evaluate(self, atoms: Atoms) -> Prediction:
            prediction = super().evaluate(atoms)
            if prediction.features.max() < 0.2:
                return prediction
            return Prediction(np.nan, prediction.forces * np.nan, None, prediction.features)

    walk = OpenMM().walk(sites, Hole(sites, k=3.0), short(pressure=None), seed=10)
    assert walk.stop.startswith("stopped: energy is not finite at")
    assert np.isfinite(walk.energies).all()


def test_a_start_with_large_forces_is_a_walk_of_one_frame() -> None:
    atoms = copper()
    atoms.positions[0, 0] += 0.9
    walk = OpenMM().walk(atoms, Engine(EMT()), short(max_force=2.0), seed=11)
    assert len(walk) == 1
    assert "(Cu) at 0.0 fs" in walk.stop


def test_what_cannot_walk_is_refused() -> None:
    cluster = copper()
    cluster.pbc = (True, True, False)
    with pytest.raises(ValueError, match="periodic in three directions"):
        OpenMM().walk(cluster, Engine(EMT()), short(), seed=0)
    overlap = copper()
    overlap.positions[1] = overlap.positions[0] + 0.1
    with pytest.raises(
        ValueError, match=r"not sane: atom 0 \(Cu\) and atom 1 \(Cu\) overlap, 0\.17 Å"
    ):
        OpenMM().walk(overlap, Engine(EMT()), short(), seed=0)


def test_errors_of_the_potential_are_not_taken_for_explosions() -> None:
    class Broken(Engine):
        def evaluate(self, atoms: Atoms) -> Prediction:
            if self.calls == 5:
                raise MemoryError("the device is full")
            return super().evaluate(atoms)

    with pytest.raises(MemoryError, match="the device is full"):
        OpenMM().walk(copper(), Broken(EMT()), short(), seed=0)
