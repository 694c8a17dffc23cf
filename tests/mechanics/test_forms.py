"""Shapes of equations of state: pressure is the slope of energy, K and K' are what they say."""

import numpy as np
import pytest

from nearsight.mechanics.forms import SHAPES

X = np.linspace(0.85, 1.15, 7)


@pytest.mark.parametrize("derivative", [-15.0, 1.0, 1.0001, 4.0, 7.0])
@pytest.mark.parametrize("form", SHAPES)
def test_pressure_is_minus_the_slope_of_the_energy(form, derivative):
    energy, pressure = SHAPES[form]
    h = 1e-5
    slope = (energy(X + h, derivative) - energy(X - h, derivative)) / (2 * h)
    np.testing.assert_allclose(pressure(X, derivative), -slope, atol=1e-9)


@pytest.mark.parametrize("derivative", [-15.0, 1.0, 4.0])
@pytest.mark.parametrize("form", SHAPES)
def test_modulus_and_its_derivative_at_rest(form, derivative):
    pressure = SHAPES[form].pressure
    h = 1e-4

    def modulus(x):
        return -x * (pressure(x + h, derivative) - pressure(x - h, derivative)) / (2 * h)

    rest = np.array(1.0)
    assert pressure(rest, derivative) == pytest.approx(0.0, abs=1e-12)
    assert modulus(rest) == pytest.approx(1.0, abs=1e-5)
    rise = modulus(rest + h) - modulus(rest - h)
    fall = pressure(rest + h, derivative) - pressure(rest - h, derivative)
    assert rise / fall == pytest.approx(derivative, abs=1e-3)


def test_birch_murnaghan_and_vinet_as_ase_writes_them():
    from ase.eos import birchmurnaghan, vinet

    for form, theirs in (("birch-murnaghan", birchmurnaghan), ("vinet", vinet)):
        ours = -3.0 + 0.5 * 40.0 * SHAPES[form].energy(X * 42.0 / 40.0, 5.0)
        np.testing.assert_allclose(ours, theirs(X * 42.0, -3.0, 0.5, 5.0, 40.0), rtol=1e-12)
