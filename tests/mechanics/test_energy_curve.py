"""E(V) by continuation: order of the work, hysteresis, and failures on the way."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from nearsight.mechanics import (
    Relaxation,
    Relaxed,
    UnphysicalFit,
    energy_curve,
    fit_eos,
    relax,
)

V0 = 1000.0
DEPTH, TILT, STIFFNESS = 0.1, 2.0, 50.0
SPINODAL = 8.0 * DEPTH / (3.0 * np.sqrt(3.0) * TILT)


class TwoBasins(Calculator):
    """Two atoms a fraction of 0.5 + q / 10 of the cell apart, in a double well that volume tilts.

    E = 25 v^2 + 0.1 (q^2 - 1)^2 - 2 q v eV with v = V / V0 - 1. The well at q = 1 is gone at
    compressions beyond the spinodal, v = -0.077, that at q = -1 at expansions beyond it.
    """

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        inverse = np.linalg.inv(self.atoms.cell.array)
        q = 10.0 * ((self.atoms.positions[1] - self.atoms.positions[0]) @ inverse[:, 0] - 0.5)
        v = self.atoms.get_volume() / V0 - 1.0
        slope = 4.0 * DEPTH * q * (q**2 - 1.0) - TILT * v
        pull = 10.0 * slope * inverse[:, 0]
        tension = (STIFFNESS * v - TILT * q) / V0
        self.results = {
            "energy": STIFFNESS * v**2 / 2 + DEPTH * (q**2 - 1.0) ** 2 - TILT * q * v,
            "forces": np.array([pull, -pull]),
            "stress": np.array([tension] * 3 + [0.0] * 3),
        }


def start():
    return Atoms("Ar2", [[2.0, 0, 0], [8.0, 0, 0]], cell=[10.0] * 3, pbc=True)


def relaxing(**options):
    spec = Relaxation(max_force=1e-5, **options)
    return lambda atoms: relax(atoms, TwoBasins(), spec)


def well(told):
    first, second = told.atoms.get_scaled_positions()[:, 0]
    return np.sign(second - first - 0.5)


def test_a_change_that_stays_shows_as_hysteresis():
    volumes = V0 * np.linspace(0.89, 1.11, 12)
    curve = energy_curve(start(), volumes, relaxing())
    assert not curve.failures
    np.testing.assert_allclose(curve.volumes, volumes)
    for volume, told in curve.outward.items():
        assert well(told) == (1 if volume > V0 * (1 - SPINODAL) else -1), volume
        assert told.atoms.get_volume() == pytest.approx(volume, rel=1e-12)
    assert list(curve.inward) == list(curve.outward)[1:-1]
    for volume, told in curve.inward.items():
        assert well(told) == (-1 if volume < V0 else 1), volume
    changed = {v: gap for v, gap in curve.hysteresis.items() if abs(gap) > 1e-6}
    assert sorted(changed) == pytest.approx(V0 * np.array([0.93, 0.95, 0.97, 0.99]))
    assert all(gap < 0 for gap in changed.values())
    best = [told.energy for told in curve.best.values()]
    np.testing.assert_allclose(curve.energies, best)
    assert curve.best[min(changed)] is curve.inward[min(changed)]


def test_without_a_change_there_is_no_hysteresis():
    curve = energy_curve(start(), V0 * np.linspace(0.95, 1.05, 7), relaxing())
    assert max(map(abs, curve.hysteresis.values())) < 1e-8
    slope = np.gradient(curve.energies, curve.volumes)
    np.testing.assert_allclose(-slope[1:-1] / 0.00624150912, curve.pressures[1:-1], atol=0.05)


def test_the_work_goes_outwards_from_the_start_and_back():
    asked = []

    def relax(atoms):
        asked.append(round(float(atoms.get_volume()), 6))
        return Relaxed(atoms, "converged", "", 1, energy=0.0, stress=np.zeros((3, 3)))

    curve = energy_curve(start(), [1020.0, 990.0, 1010.0, 1040.0, 960.0, 990.0], relax)
    assert asked == [990.0, 960.0, 990.0, 1010.0, 1020.0, 1040.0, 1020.0, 1010.0]
    assert list(curve.outward) == [960.0, 990.0, 1010.0, 1020.0, 1040.0]
    assert list(curve.inward) == [990.0, 1010.0, 1020.0]


def test_a_failure_is_told_and_the_way_goes_on_from_the_last_sound_structure():
    def relax(atoms):
        if abs(atoms.get_volume() - 960.0) < 1e-6:
            return Relaxed(atoms, "diverged", "the cell ran away", 3)
        marked = atoms.copy()
        marked.positions += 0.1
        return Relaxed(marked, "converged", "", 1, energy=0.0, stress=np.zeros((3, 3)))

    curve = energy_curve(start(), [940.0, 960.0, 980.0, 1010.0], relax)
    assert curve.failures == [
        "outward at 960.00 Å³, diverged after 3 steps: the cell ran away",
        "inward at 960.00 Å³, diverged after 3 steps: the cell ran away",
    ]
    assert curve.volumes.tolist() == [940.0, 980.0, 1010.0]
    assert list(curve.hysteresis) == [980.0]
    assert curve.outward[940.0].status == "converged"


def test_too_few_points_and_a_grid_beside_the_minimum_are_sentences():
    few = energy_curve(start(), V0 * np.array([0.99, 1.0, 1.01]), relaxing())
    with pytest.raises(UnphysicalFit, match="3 different volumes are too few"):
        fit_eos(few.volumes, few.energies)
    beside = energy_curve(start(), V0 * np.linspace(1.08, 1.12, 7), relaxing())
    with pytest.raises(UnphysicalFit, match=r"no minimum .* add smaller volumes"):
        fit_eos(beside.volumes, beside.energies)


@pytest.mark.parametrize("volumes", [[], [0.0, 1.0], [np.nan], [np.inf, 1.0]])
def test_volumes_that_are_none_are_refused(volumes):
    with pytest.raises(ValueError, match="volumes must be positive"):
        energy_curve(start(), volumes, relaxing())
