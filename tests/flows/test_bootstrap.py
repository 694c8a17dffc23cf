"""A first potential from nothing."""

import pytest
from cheap import MORSE, SITE

from flows.bootstrap import Bootstrap, bootstrap
from flows.parameters import BadParameters
from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.references import Execution
from nearsight.sampling import WalkSpec
from nearsight.systems import System, build
from storage import open_lake

SHORT = TrainingSpec(epochs=1)


def test_a_potential_from_nothing_and_nothing_is_done_twice(prefect, tmp_path):
    recipe = Bootstrap(
        lake=str(tmp_path / "lake"),
        file=tmp_path / "sampler.safetensors",
        systems=(System(variant="pr"), System(variant="ld")),
        level=MORSE,
        rattled=2,
        rounds=1,
        walks=1,
        walk=WalkSpec(duration=1.0, timestep=0.5, frame_interval=0.5),
        architecture=Architecture(num_layers=1, num_features=(4, 2), radial_mlp_width=4, r_max=3.0),
        schedule=SHORT,
        reschedule=SHORT,
        site=SITE,
    )
    model = bootstrap(recipe)

    lake = open_lake(recipe.lake)
    told = [lake.get("label", key).metadata for key in lake.keys("label")]
    assert {t["status"] for t in told} == {"converged"}
    # atoms alone, rattled structures, then two frames of a walk of each
    assert len(told) == 4 + 2 * 2 + 2 * 2
    second = lake.get("model", model).metadata
    assert lake.get("model", second["parent"]).metadata["frames"] == 4
    assert second["frames"] == 8
    energy = load(recipe.file).evaluate(build(System(variant="ld"))).energy
    assert energy == load(model, lake).evaluate(build(System(variant="ld"))).energy

    assert bootstrap(recipe) == model
    assert len(lake.keys("label")) == len(told)
    assert len(lake.keys("model")) == 2


def test_a_level_of_theory_that_cannot_be_used_is_refused_at_once(tmp_path):
    recipe = Bootstrap(
        lake=str(tmp_path / "lake"),
        file=tmp_path / "sampler.safetensors",
        systems=(System(variant="pr"),),
        level=MORSE,
        site=SITE.model_copy(update={"labels": Execution(scratch=tmp_path / "none")}),
    )
    with pytest.raises(BadParameters, match="level: there is no scratch folder"):
        bootstrap.fn(recipe)
    assert not (tmp_path / "lake").exists()
