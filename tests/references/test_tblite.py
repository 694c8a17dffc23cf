import pytest
from ase.build import molecule
from engines import needs

from nearsight.references import TBLiteLevel, reference


def test_too_few_iterations_are_unconverged():
    needs("tblite")
    told = reference(TBLiteLevel(max_iterations=2)).label(molecule("C6H6"))
    assert told.status == "unconverged"
    assert "not converged in 2 cycles" in told.message


@pytest.mark.parametrize(("method", "energy"), [("GFN1-xTB", -156.9675), ("GFN2-xTB", -137.9678)])
def test_energies_that_tblite_documents(method, energy):
    needs("tblite")
    told = reference(TBLiteLevel(method=method)).label(molecule("H2O"))
    assert told.energy == pytest.approx(energy, abs=1e-3)
