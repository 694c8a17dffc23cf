import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.mechanics import Relaxation, elastic_constants
from nearsight.mechanics import relax as relax_atoms
from nearsight.mechanics.elastic import elastic_tensor
from nearsight.references import CalculatorLevel
from tasks.explore import put_structure
from tasks.relax import read_relaxation
from tasks.strain import strain

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")
FIXED = Relaxation(moves="positions only")


def test_twelve_relaxations_give_the_tensor_of_the_plain_function(work):
    atoms = bulk("Cu", a=3.59, cubic=True)
    rest = put_structure(work.lake, atoms, "copper")
    keys = strain.fn(work, "copper", rest, COPPER, Relaxation(), 0.002).data
    assert len(set(keys)) == 12
    found = elastic_tensor([read_relaxation(work, key) for key in keys], 0.002)
    plain = elastic_constants(atoms, lambda a: relax_atoms(a, EMT(), FIXED), 0.002)
    np.testing.assert_allclose(found.constants, plain.constants, atol=1e-3)
    assert found.bulk_modulus.hill == pytest.approx(134.0, abs=3.0)
    assert strain.fn(work, "copper", rest, COPPER, Relaxation(), 0.002).name == "Cached"
