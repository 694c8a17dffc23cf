"""Equations of state from known curves, with known noise, and what is refused."""

import numpy as np
import pytest
from ase import units
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.mechanics import UnphysicalFit, fit_eos
from nearsight.mechanics.forms import SHAPES

V = np.linspace(8600.0, 9500.0, 10)


def curve(form, volumes=V, e0=-3000.0, v0=9100.0, k=37.0, derivative=-8.0):
    shape = SHAPES[form].energy(np.asarray(volumes) / v0, derivative)
    return e0 + k * units.GPa * v0 * shape


@pytest.mark.parametrize("derivative", [-8.0, 1.0, 4.0])
@pytest.mark.parametrize("form", SHAPES)
def test_a_fit_gives_back_its_own_curve(form, derivative):
    fit = fit_eos(V, curve(form, derivative=derivative), form)
    assert fit.form == form
    assert fit.volume == pytest.approx(9100.0, abs=1e-3)
    assert fit.energy == pytest.approx(-3000.0, abs=1e-6)
    assert fit.bulk_modulus == pytest.approx(37.0, abs=1e-4)
    assert fit.bulk_modulus_derivative == pytest.approx(derivative, abs=1e-3)
    assert fit.rms_residual < 1e-8
    np.testing.assert_allclose(fit.energies(V), curve(form, derivative=derivative), atol=1e-7)


def test_points_may_come_as_lists_in_any_order_and_twice():
    energies = curve("vinet")
    order = np.random.default_rng(0).permutation(len(V))
    plain = fit_eos(V, energies, "vinet")
    shuffled = fit_eos(V[order].tolist(), energies[order].tolist(), "rose-vinet")
    doubled = fit_eos(np.tile(V, 2), np.tile(energies, 2), "vinet")
    for other in (shuffled, doubled):
        assert other.bulk_modulus == pytest.approx(plain.bulk_modulus, rel=1e-6)
        assert other.volume == pytest.approx(plain.volume, rel=1e-8)


def test_the_answer_does_not_depend_on_how_large_the_cell_is():
    small = fit_eos(V / 500, curve("birch-murnaghan") / 500)
    assert small.bulk_modulus == pytest.approx(37.0, abs=1e-4)
    assert small.volume == pytest.approx(9100.0 / 500, rel=1e-6)


def test_errors_of_a_fit_are_those_of_repeated_noise():
    rng = np.random.default_rng(1)
    fits = [
        fit_eos(V, curve("vinet") + rng.normal(scale=0.02, size=len(V)), "vinet")
        for _ in range(200)
    ]
    for name in ("volume", "energy", "bulk_modulus", "bulk_modulus_derivative"):
        scatter = np.std([getattr(fit, name) for fit in fits])
        told = np.sqrt(np.mean([getattr(fit, f"{name}_error") ** 2 for fit in fits]))
        assert told == pytest.approx(scatter, rel=0.15), name
    spread = np.mean([fit.rms_residual**2 for fit in fits])
    assert spread == pytest.approx(0.02**2 * (len(V) - 4) / len(V), rel=0.15)


def test_copper_has_the_pressure_that_its_stress_says():
    atoms = bulk("Cu")
    atoms.calc = EMT()
    cell, volumes, energies, pressures = atoms.cell.array.copy(), [], [], []
    for scale in np.linspace(0.96, 1.04, 9) ** (1 / 3):
        atoms.set_cell(scale * cell, scale_atoms=True)
        volumes.append(atoms.get_volume())
        energies.append(atoms.get_potential_energy())
        pressures.append(-atoms.get_stress()[:3].mean() / units.GPa)
    fit = fit_eos(volumes, energies)
    np.testing.assert_allclose(fit.pressures(volumes), pressures, atol=0.06)
    assert fit.bulk_modulus == pytest.approx(134.0, abs=2.0)


@pytest.mark.parametrize(
    ("energies", "says"),
    [
        (0.01 * V, "no minimum between 8600.0 and 9500.0 Å³; add smaller volumes"),
        (-0.01 * V, "add larger volumes"),
        (-((V - 9100.0) ** 2), "maximum, not a minimum.*bulk modulus is negative"),
        (((V - 9050.0) ** 2 - 9e4) ** 2, "do not follow"),
        (np.ones_like(V), "all the same"),
        (np.random.default_rng(3).normal(size=len(V)), "do not follow|no minimum"),
        (np.where(V > 9000, np.nan, 1.0), "not finite"),
        (curve("vinet")[:5], "one length"),
    ],
)
def test_what_is_no_solid_is_refused(energies, says):
    with pytest.raises(UnphysicalFit, match=says):
        fit_eos(V, energies)


@pytest.mark.parametrize(
    ("volumes", "says"),
    [
        ([9000.0, 9100.0, 9200.0, 9300.0], "4 different volumes are too few"),
        ([9000.0, 9000.0, 9100.0, 9100.0, 9200.0, 9200.0], "3 different volumes"),
        ([], "0 different volumes"),
        ([-1.0, 1.0, 2.0, 3.0, 4.0], "must be positive"),
        ([9000.0, None, 9200.0, 9300.0, 9400.0], "not finite"),
    ],
)
def test_volumes_that_make_no_sense_are_refused(volumes, says):
    with pytest.raises(UnphysicalFit, match=says):
        fit_eos(volumes, np.square(np.arange(len(volumes), dtype=float)))


def test_an_unknown_form_names_those_there_are():
    with pytest.raises(ValueError, match="'murnaghan' is none of birch-murnaghan, vinet"):
        fit_eos(V, curve("vinet"), "murnaghan")
