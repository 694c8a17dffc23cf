import numpy as np
import pytest
from studies import written

from flows.parameters import BadParameters
from flows.studies.error_map import ErrorMap, error_map
from nearsight.metrics import mae_pk
from nearsight.potentials import load
from tasks.ingest import read_labelled


@pytest.fixture
def spec(options, small):
    return ErrorMap(**options, models={"start": {"file": small.model}}, test=small.defect)


def test_every_atom_has_its_own_error(prefect, spec, small, nothing_new):
    error_map(spec)
    told = written(spec.file)
    model = load(small.model)
    wrong = np.array(
        [
            1000 * (model.evaluate(atoms).forces - label.forces)
            for atoms, label in read_labelled(small.defect, spec.level)
        ]
    )
    for atom in (0, 100, told["centre"]):
        assert told["errors"]["start"][atom] == pytest.approx(mae_pk(wrong[:, atom], 95), rel=1e-3)
    assert told["centre"] == np.argmax(told["errors"]["start"])
    assert told["distances"][told["centre"]] == 0
    nothing_new()
    error_map(spec)
    assert nothing_new()


def test_frames_of_other_atoms_are_refused(prefect, spec, small, tmp_path):
    mixed = tmp_path / "mixed.extxyz"
    mixed.write_text(small.defect.read_text() + small.pristine.read_text())
    with pytest.raises(BadParameters, match=r"mixed\.extxyz holds structures of other atoms"):
        error_map(spec.model_copy(update={"test": mixed}))
