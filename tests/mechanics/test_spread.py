"""The spread over equations of state is zero where they agree, and a fair error where not."""

import numpy as np
import pytest

from nearsight.mechanics import UnphysicalFit, spread_over_forms
from nearsight.mechanics.forms import SHAPES


def energies(volumes, form, derivative):
    return 2.0 * 9100.0 * SHAPES[form].energy(volumes / 9100.0, derivative)


@pytest.mark.parametrize("form", ["birch-murnaghan", "vinet", "polynomial"])
def test_the_right_form_comes_first_and_its_neighbours_give_the_error(form):
    volumes = np.linspace(8700.0, 9500.0, 9)
    spread = spread_over_forms(volumes, energies(volumes, form, -10.0))
    assert spread.fits[0].form == form
    assert len(spread.fits) == 3
    assert spread.refused == {}
    modulus = spread.bulk_modulus
    assert modulus.fit_error < 1e-6
    others = [fit.bulk_modulus for fit in spread.fits[1:]]
    assert modulus.form_error == pytest.approx(max(abs(np.array(others) - modulus.value)))
    assert 0.001 < modulus.form_error / modulus.value < 0.1
    assert spread.volume.value == pytest.approx(9100.0, rel=1e-6)
    assert spread.bulk_modulus_derivative.value == pytest.approx(-10.0, rel=1e-3)


def test_on_a_narrow_range_all_forms_agree():
    volumes = np.linspace(9050.0, 9150.0, 9)
    spread = spread_over_forms(volumes, energies(volumes, "vinet", 4.0))
    assert spread.bulk_modulus.form_error / spread.bulk_modulus.value < 1e-3


def test_points_that_no_form_fits_are_refused():
    with pytest.raises(UnphysicalFit, match="no minimum"):
        spread_over_forms(np.linspace(1, 2, 9), np.linspace(1, 2, 9))
