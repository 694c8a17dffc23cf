import json
from dataclasses import asdict

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from nearsight.references.base import Label, failed
from nearsight.references.messages import pack_atoms, pack_label, unpack_atoms, unpack_label


def through_json(told):
    return json.loads(json.dumps(told))


def test_a_structure_comes_out_as_it_went_in():
    atoms = bulk("Cu")
    atoms.rattle(0.1, seed=0)
    assert unpack_atoms(through_json(pack_atoms(atoms))) == atoms


def test_a_label_comes_out_as_it_went_in():
    forces = np.random.default_rng(0).normal(size=(2, 3))
    for label in (
        Label("converged", -1.0 / 3.0, forces, np.eye(3) / 7.0, 1.5),
        Label("converged", -1.0 / 3.0, forces, None, 1.5, log="said"),
        failed("timeout", "late", 2.0, "half a"),
    ):
        back = asdict(unpack_label(through_json(pack_label(label))))
        for name, value in asdict(label).items():
            np.testing.assert_array_equal(back[name], value)


@pytest.mark.parametrize(
    ("atoms", "why"),
    [(Atoms(), "no atoms"), (Atoms("H", positions=[[np.nan] * 3]), "positions or cell not finite")],
)
def test_what_is_no_structure_is_refused(atoms, why):
    with pytest.raises(ValueError, match=why):
        pack_atoms(atoms)
