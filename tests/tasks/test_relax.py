from contextlib import contextmanager

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.mechanics import Relaxation
from nearsight.potentials import External
from nearsight.references import CalculatorLevel, reference
from tasks.explore import put_structure
from tasks.relax import read_relaxation, relax, relaxation, relaxation_origin, relaxed_structure

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")
FREE = Relaxation(moves="positions and cell")


@pytest.fixture
def copper(lake):
    return put_structure(lake, bulk("Cu", a=3.7, cubic=True), "copper")


@pytest.mark.parametrize(
    "other",
    [
        {"start": "c" * 64},
        {"explorer": COPPER},
        {"spec": FREE},
        {"spec": Relaxation(compiled=True)},
        {"volume": 9.0},
    ],
)
def test_the_key_is_start_explorer_spec_and_volume(other):
    same = {"start": "a" * 64, "explorer": "b" * 64, "spec": Relaxation(), "volume": None}
    assert relaxation_origin(**same).key == relaxation_origin(**same).key
    assert relaxation_origin(**(same | other)).key != relaxation_origin(**same).key


def test_a_relaxation_comes_back_whole_and_is_found_again(work, copper):
    first = relax.fn(work, "copper", copper, COPPER, FREE)
    told = read_relaxation(work, first.data)
    assert told.status == "converged"
    assert np.abs(told.stress).max() < FREE.max_stress
    atoms = told.atoms.copy()
    atoms.calc = EMT()
    assert told.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    record = work.lake.get("relaxation", first.data)
    assert record.metadata["system"] == "copper"
    assert relaxed_structure(work, first.data) == record.metadata["structure"]
    assert relax.fn(work, "copper", copper, COPPER, FREE).name == "Cached"


def test_a_compiled_network_drives_where_it_is_asked_for(work, copper, monkeypatch):
    asked = []

    @contextmanager
    def potential_of(lake, explorer, compiled, execution, atoms):
        asked.append((compiled, len(atoms)))
        yield External(reference(explorer, execution))

    monkeypatch.setattr("tasks.relax.potential_of", potential_of)
    for spec in (FREE, FREE.model_copy(update={"compiled": True})):
        relax.fn(work, "copper", copper, COPPER, spec)
    assert asked == [(False, 4), (True, 4)]


def test_at_a_volume_the_start_is_scaled(work, copper):
    piece = relaxation(work, copper, COPPER, Relaxation(), 48.0)
    work.finish("squeezed", "md", [piece])
    told = read_relaxation(work, piece.key)
    assert told.atoms.get_volume() == pytest.approx(48.0)
    assert told.pressure < 0


def test_a_long_relaxation_goes_on_from_what_it_left_in_the_lake(work, lake, monkeypatch):
    crooked = bulk("Cu", a=3.7, cubic=True).repeat((2, 1, 1))
    crooked.rattle(0.2, seed=1)
    start = put_structure(lake, crooked, "copper")
    monkeypatch.setattr("tasks.relax.LEG", 4)
    leg = Relaxation(max_steps=4)
    before = relaxation(work, start, COPPER, leg)
    work.finish("first leg", "md", [before])  # as if it had been killed after that
    assert read_relaxation(work, before.key).status == "unconverged"
    piece = relaxation(work, start, COPPER, Relaxation())
    work.finish("all of it", "md", [piece])
    told = read_relaxation(work, piece.key)
    assert told.status == "converged"
    legs = [r for k in lake.keys("relaxation") if (r := lake.get("relaxation", k).metadata)]
    chain = {r["start"]: r["structure"] for r in legs if r["status"] == "unconverged"}
    assert chain[start] == relaxed_structure(work, before.key)
    here, walked = start, 0
    while here in chain:
        here, walked = chain[here], walked + 4
    assert walked < told.steps <= walked + 4
    monkeypatch.setattr("tasks.relax.LEG", 1000)
    whole = relaxation(work, start, COPPER, Relaxation(max_steps=999))
    work.finish("at once", "md", [whole])
    assert told.energy == pytest.approx(read_relaxation(work, whole.key).energy, abs=1e-3)


def test_too_few_steps_are_final_and_a_crash_is_tried_again(work, copper, tmp_path):
    short = FREE.model_copy(update={"max_steps": 1})
    key = relax.fn(work, "copper", copper, COPPER, short).data
    assert read_relaxation(work, key).status == "unconverged"
    assert relax.fn(work, "copper", copper, COPPER, short).name == "Cached"
    sick = CalculatorLevel(
        name="sick",
        calculator="sick.Sick",
        arguments={"folder": str(tmp_path), "ways": ["exception"]},
    )
    key = relax.fn(work, "copper", copper, sick, FREE).data
    told = read_relaxation(work, key)
    assert told.status == "crashed"
    assert told.message
    assert not work.lake.has("relaxation", key)
    assert relax.fn(work, "copper", copper, sick, FREE).name != "Cached"
    assert read_relaxation(work, key).status != "crashed"
