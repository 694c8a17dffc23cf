import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from nearsight.potentials import NoAnswer, Team
from nearsight.references import CalculatorLevel, Execution
from nearsight.sampling import WalkSpec
from nearsight.systems import System, build
from tasks.explore import (
    explore,
    external,
    potential_of,
    put_structure,
    read_structure,
    read_walk,
    start_structure,
    walk_origin,
)
from tasks.ingest import dataset
from tasks.train import adopt

COPPER = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")


def test_a_start_structure_is_the_system(lake):
    system = System(variant="ld")
    key = start_structure(lake, system)
    assert key == start_structure(lake, system)
    atoms, expected = read_structure(lake, key), build(system)
    assert atoms == expected
    assert lake.get("structure", key).metadata["system"] == "S_ld"


@pytest.mark.parametrize(
    "other",
    [
        {"start": "c" * 64},
        {"explorer": "c" * 64},
        {"explorer": COPPER},
        {"spec": WalkSpec(temperature=300)},
        {"spec": WalkSpec(compiled=True)},
        {"seed": 2},
    ],
)
def test_the_key_of_a_walk_is_start_explorer_spec_and_seed(other):
    same = {"start": "a" * 64, "explorer": "b" * 64, "spec": WalkSpec(), "seed": 1}
    assert walk_origin(**same).key == walk_origin(**same).key
    assert walk_origin(**(same | other)).key != walk_origin(**same).key


def test_a_walk_comes_back_whole(finished):
    campaign, lake = finished
    (key,) = lake.keys("walk")
    walk, record = read_walk(lake, key), lake.get("walk", key)
    assert walk.times[0] == 0
    assert walk.times[-1] <= campaign.walk.duration
    assert walk.positions.shape == (len(walk), 448, 3)
    assert walk.stop == record.metadata["stop"]
    low, high = campaign.walk.pressure
    assert low <= walk.pressure <= high
    start = read_structure(lake, record.metadata["start"])
    np.testing.assert_allclose(walk.positions[0], start.positions, atol=1e-5)


def test_any_level_of_theory_can_be_walked_with(work, lake):
    start = put_structure(lake, bulk("Cu", cubic=True).repeat(2), "copper")
    spec = WalkSpec(duration=20.0, timestep=2.0, bulk_modulus=140.0)
    key = explore.fn(work, "copper", start, COPPER, spec, seed=1).data
    assert key == walk_origin(start, COPPER, spec, 1).key
    walk, record = read_walk(lake, key), lake.get("walk", key)
    assert walk.stop == "finished"
    assert record.metadata["model"] == ""
    assert record.metadata["origin"]["spec"]["explorer"]["calculator"] == COPPER.calculator
    last = walk.frame(-1)
    last.calc = EMT()
    assert walk.energies[-1] == pytest.approx(last.get_potential_energy(), abs=1e-4)


def test_a_large_structure_is_shared_by_the_cores_of_a_worker(lake, files, monkeypatch):
    monkeypatch.setattr("nearsight.potentials.team.WORTH_SHARING", 400)
    key = adopt(lake, files.model, dataset(lake, []))
    atoms = build(System(variant="pr"))
    about = {"explorer": key, "execution": Execution(), "atoms": atoms}
    with potential_of(lake, compiled=False, **about) as alone:
        expected = alone.evaluate(atoms)
    monkeypatch.setenv("NEARSIGHT_CORES", "2")
    with potential_of(lake, compiled=False, **about) as team:
        assert isinstance(team, Team)
        found = team.evaluate(atoms)
        (other,) = [member.process for member in team._others]
    assert other.returncode is not None
    assert found.energy == pytest.approx(expected.energy, rel=1e-9)
    np.testing.assert_allclose(found.forces, expected.forces, rtol=0, atol=1e-5)
    monkeypatch.setattr("tasks.explore.Compiled", lambda model, atoms: "compiled")
    with potential_of(lake, compiled=True, **about) as compiled:
        assert compiled == "compiled"


def test_an_explorer_runs_as_labels_do_but_for_the_command_of_gpaw(tmp_path):
    level = CalculatorLevel(
        name="sick", calculator="sick.Sick", arguments={"folder": str(tmp_path), "ways": ["hang"]}
    )
    explorer = external(level, Execution(time_limit=1.0, command="mpiexec -n 2"))
    with pytest.raises(NoAnswer, match="killed at its time limit of 1 s"):
        explorer.evaluate(bulk("Cu"))
