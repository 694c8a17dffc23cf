import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.mechanics import Relaxation, energy_curve
from nearsight.mechanics import relax as relax_atoms
from nearsight.references import CalculatorLevel
from tasks.compress import compress
from tasks.explore import put_structure, read_structure
from tasks.relax import read_relaxation

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")
VOLUMES = [45.0, 44.0, 43.0]


@pytest.fixture
def start(lake):
    return put_structure(lake, bulk("Cu", a=3.59, cubic=True), "copper")


def test_there_and_back_it_is_the_curve_of_the_plain_function(work, start):
    state = compress.fn(work, "copper", start, COPPER, Relaxation(), VOLUMES, back=True)
    outward, inward = state.data
    assert list(outward) == VOLUMES
    assert list(inward) == [44.0, 45.0]
    plain = energy_curve(
        read_structure(work.lake, start), VOLUMES, lambda atoms: relax_atoms(atoms, EMT())
    )
    for found, way in ((outward, plain.outward), (inward, plain.inward)):
        for volume, key in found.items():
            told = read_relaxation(work, key)
            assert told.status == "converged"
            assert told.atoms.get_volume() == pytest.approx(volume)
            assert told.energy == pytest.approx(way[volume].energy, abs=1e-6)
    again = compress.fn(work, "copper", start, COPPER, Relaxation(), VOLUMES, back=True)
    assert again.name == "Cached"
    assert again.data == state.data


def test_each_starts_from_the_last_one_that_converged(work, start):
    def started_from(keys):
        records = [work.lake.get("relaxation", key).metadata for key in keys]
        return [r["start"] for r in records], [r["structure"] for r in records]

    outward, inward = compress.fn(work, "cu", start, COPPER, Relaxation(), VOLUMES).data
    starts, ends = started_from(outward.values())
    assert starts == [start, *ends[:-1]]
    assert inward == {}
    impossible = Relaxation(max_steps=0, max_force=1e-12)
    skewed = bulk("Cu", a=3.59, cubic=True)
    skewed.rattle(0.1, seed=1)
    crooked = put_structure(work.lake, skewed, "copper")
    outward, _ = compress.fn(work, "cu", crooked, COPPER, impossible, VOLUMES).data
    assert started_from(outward.values())[0] == [crooked] * 3
