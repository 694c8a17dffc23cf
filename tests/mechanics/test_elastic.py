"""Elastic constants against E(V), against pressures, and against what symmetry demands."""

from functools import cache, partial

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from scipy.spatial.transform import Rotation

from nearsight.mechanics import (
    ElasticTensor,
    Relaxation,
    Relaxed,
    UnphysicalFit,
    elastic_constants,
    energy_curve,
    fit_eos,
    relax,
)

SHAPE = Relaxation(max_force=1e-5, max_stress=1e-4)
FIXED = SHAPE.model_copy(update={"moves": "positions only"})
FREE = SHAPE.model_copy(update={"moves": "positions and cell"})


def relaxing(spec, calculator=EMT):
    return lambda atoms: relax(atoms, calculator(), spec)


def argon():
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=10.2, smooth=True)


def copper():
    return bulk("Cu", cubic=True)


def copper_gold():
    atoms = Atoms("CuCuAuAu", cell=[3.9, 3.9, 3.7], pbc=True)
    atoms.set_scaled_positions([[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    return atoms


def krypton():
    """Hexagonal: atoms move as it is strained."""
    return bulk("Ar", "hcp", a=3.7, c=6.2)


@cache
def at_rest(crystal, calculator=EMT):
    told = relax(crystal(), calculator(), FREE)
    assert told.status == "converged", told.message
    return told.atoms


@cache
def tensor(crystal, calculator=EMT):
    return elastic_constants(at_rest(crystal, calculator), relaxing(FIXED, calculator), 0.001)


@pytest.mark.parametrize(
    ("crystal", "calculator"), [(copper, EMT), (copper_gold, EMT), (krypton, argon)]
)
def test_three_roads_to_one_bulk_modulus(crystal, calculator):
    atoms = at_rest(crystal, calculator)
    modulus = tensor(crystal, calculator).bulk_modulus
    volumes = atoms.get_volume() * np.linspace(0.985, 1.015, 7)
    for spec, elastic in ((SHAPE, modulus.reuss), (FIXED, modulus.voigt)):
        curve = energy_curve(atoms, volumes, relaxing(spec, calculator))
        assert not curve.failures
        fit = fit_eos(curve.volumes, curve.energies)
        assert fit.bulk_modulus == pytest.approx(elastic, rel=0.005)
        slope = np.polynomial.Polynomial.fit(curve.volumes, curve.pressures, 4).deriv()
        static = -atoms.get_volume() * slope(atoms.get_volume())
        assert static == pytest.approx(elastic, rel=0.005)
        np.testing.assert_allclose(
            curve.pressures, fit.pressures(curve.volumes), atol=0.002 * fit.bulk_modulus
        )
        virial = -np.gradient(curve.energies, curve.volumes, edge_order=2) / units.GPa
        np.testing.assert_allclose(
            virial[1:-1], curve.pressures[1:-1], atol=0.002 * fit.bulk_modulus
        )


def test_bounds_of_the_moduli():
    cubic, tetragonal = tensor(copper), tensor(copper_gold)
    assert cubic.bulk_modulus.voigt == pytest.approx(cubic.bulk_modulus.reuss, rel=1e-6)
    for modulus in (cubic.shear_modulus, tetragonal.shear_modulus, tetragonal.bulk_modulus):
        assert modulus.reuss < modulus.hill < modulus.voigt
        assert modulus.hill == pytest.approx((modulus.voigt + modulus.reuss) / 2)


def test_what_the_symmetry_of_the_crystal_demands():
    c = tensor(copper).constants
    c11, c12, c44 = c[0, 0], c[0, 1], c[3, 3]
    expected = np.diag([c11 - c12] * 3 + [c44] * 3)
    expected[:3, :3] += c12
    np.testing.assert_allclose(c, expected, atol=1e-3 * c11)
    assert tensor(copper).asymmetry < 1e-3 * c11
    t = tensor(copper_gold).constants
    assert t[0, 0] == pytest.approx(t[1, 1], rel=1e-3)
    assert abs(t[0, 0] - t[2, 2]) > 5.0
    h = tensor(krypton, argon).constants
    assert h[5, 5] == pytest.approx((h[0, 0] - h[0, 1]) / 2, rel=2e-3)


def test_a_turned_crystal_has_a_turned_tensor():
    turn = Rotation.random(rng=1).as_matrix()
    atoms, original = at_rest(copper_gold).copy(), tensor(copper_gold)
    atoms.set_cell(atoms.cell @ turn.T, scale_atoms=True)
    turned = elastic_constants(atoms, relaxing(FIXED), 0.001)
    np.testing.assert_allclose(turned.constants, original.rotated(turn).constants, atol=0.05)
    assert np.abs(turned.constants - original.constants).max() > 5.0
    np.testing.assert_allclose(turned.eigenvalues, original.eigenvalues, atol=0.05)
    back = original.rotated(turn).rotated(turn.T)
    np.testing.assert_allclose(back.constants, original.constants, atol=1e-9)
    for name in ("bulk_modulus", "shear_modulus"):
        np.testing.assert_allclose(
            getattr(original.rotated(turn), name), getattr(original, name), rtol=1e-9
        )


@pytest.mark.parametrize("lattice", ["bcc", "sc"])
def test_an_unstable_crystal_is_found(lattice):
    crystal = partial(bulk, "Ar", lattice, a={"bcc": 4.2, "sc": 3.7}[lattice], cubic=True)
    assert tensor(krypton, argon).stable
    found = tensor(crystal, argon)
    assert not found.stable
    assert found.eigenvalues[0] < 0
    for name in ("bulk_modulus", "shear_modulus"):
        with pytest.raises(UnphysicalFit, match="not stable: an eigenvalue"):
            getattr(found, name)


def test_under_pressure_it_is_the_slope_of_the_pressure():
    atoms = at_rest(copper_gold).copy()
    atoms.set_cell(atoms.cell * 0.98, scale_atoms=True)
    squeezed = relax(atoms, EMT(), SHAPE)
    volume = squeezed.atoms.get_volume()
    curve = energy_curve(
        squeezed.atoms, volume * np.array([0.995, 0.9975, 1.0025, 1.005]), relaxing(SHAPE)
    )
    slope = np.polynomial.Polynomial.fit(curve.volumes, curve.pressures, 3).deriv()
    under = elastic_constants(squeezed.atoms, relaxing(FIXED))
    assert squeezed.pressure > 5.0
    assert under.bulk_modulus.reuss == pytest.approx(-volume * slope(volume), rel=0.005)


def test_a_relaxation_that_fails_is_told():
    def failing(atoms):
        return Relaxed(atoms, "crashed", "no more memory", 3)

    with pytest.raises(UnphysicalFit, match=r"strain of \+0.005 along xx crashed: no more memory"):
        elastic_constants(copper(), failing)


@pytest.mark.parametrize("strain", [0.0, -0.01, 0.2, np.nan])
def test_a_strain_that_is_none_is_refused(strain):
    with pytest.raises(ValueError, match=r"does not lie between 0 and 0\.1"):
        elastic_constants(copper(), relaxing(FIXED), strain)


def test_the_largest_strain_direction_of_a_known_tensor():
    """Mandel's eigenvalues of a cubic crystal: 3 K, C11 - C12 twice, 2 C44 three times."""
    c = np.diag([100.0] * 3 + [75.0] * 3)
    c[:3, :3] += 120.0
    known = ElasticTensor(c)
    np.testing.assert_allclose(known.eigenvalues, [100.0, 100.0, 150.0, 150.0, 150.0, 460.0])
    assert known.bulk_modulus.hill == pytest.approx(460.0 / 3)
    assert known.shear_modulus.voigt == pytest.approx((100.0 + 3 * 75.0) / 5)
    assert known.shear_modulus.reuss == pytest.approx(5 * 100 * 75 / (4 * 75 + 3 * 100))
