import pytest
from prefect import flow

from nearsight.potentials import TrainingSpec
from nearsight.references import reference
from tasks.ingest import put_label, read_label
from tasks.isolated import grounded

EMT = "ase.calculators.emt.EMT"


@pytest.fixture
def emt(level):
    return level.model_copy(update={"name": "EMT", "calculator": EMT, "arguments": {}})


@pytest.fixture
def run(prefect, work, level, crystals):
    """Ground a spec at a level of theory, on labels of crystals of carbon and oxygen."""
    labels = [put_label(work.lake, a, reference(level).label(a), level) for a in crystals]

    @flow
    def ground(at, spec):
        return grounded(work, at, spec, labels)

    return ground


def test_atoms_are_labelled_once_and_recorded(work, run, emt):
    spec = run(emt, TrainingSpec())
    assert set(spec.reference_energies) == {"C", "O"}
    assert all(energy > 1.0 for energy in spec.reference_energies.values())  # eV above the solid
    records = [read_label(work.lake, key) for key in work.lake.keys("label")]
    alone = {str(a.symbols): told.energy for a, told in records if len(a) == 1}
    assert alone == spec.reference_energies
    before = work.lake.keys("label")
    assert run(emt, TrainingSpec()) == spec
    assert work.lake.keys("label") == before


def test_reference_energies_of_ones_own_are_kept(run, emt):
    spec = TrainingSpec(reference_energies={"C": -1.0, "O": -2.0})
    assert run(emt, spec) is spec


def test_where_an_atom_fails_the_fit_has_to_do(work, run, emt):
    failing = emt.model_copy(
        update={"calculator": "teachers.Logged", "arguments": {"log": "/dev/null", "failing": 1}}
    )
    assert run(failing, TrainingSpec()) == TrainingSpec()
    statuses = [read_label(work.lake, key)[1].status for key in work.lake.keys("label")]
    assert "crashed" in statuses
