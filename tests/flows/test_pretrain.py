"""Training anew on what a campaign labelled; files are trained on in test_dataset.py."""

import re
from pathlib import Path
from shutil import copytree

import pytest
from cheap import SITE
from pydantic import ValidationError

from flows.history import read_cycles
from flows.parameters import BadParameters, read_parameters
from flows.pretrain import Pretraining, pretrain
from flows.studies.sources import ModelSource
from nearsight.potentials import TrainingSpec, load
from storage import open_lake
from tasks.ingest import members


@pytest.fixture(scope="module")
def recipe(finished, tmp_path_factory):
    campaign, _ = finished
    folder = tmp_path_factory.mktemp("retrained")
    copytree(campaign.lake, folder / "lake")
    return Pretraining(
        lake=str(folder / "lake"),
        file=folder / "mlp.safetensors",
        snapshot=f"{campaign.name}/cycle-001",
        parent=ModelSource(tag=f"{campaign.name}/cycle-001"),
        level=campaign.level,
        architecture=campaign.start.architecture,
        schedule=TrainingSpec(epochs=1, learning_rate=1e-5),
        site=SITE,
    )


def test_a_snapshot_is_a_training_set_of_crystals_and_clusters(finished, recipe):
    pretrain(recipe)
    lake = open_lake(recipe.lake, mode="r")
    cycle = read_cycles(lake, finished[0].name)[-1]
    (new,) = set(lake.keys("model")) - set(finished[1].keys("model"))
    told = lake.get("model", new).metadata
    assert told["parent"] == cycle.model
    assert told["dataset"] == cycle.dataset
    assert any(cluster for _, cluster in members(lake, told["dataset"]))
    assert load(recipe.file).to_bytes() == load(new, lake).to_bytes()


def test_several_snapshots_are_one_training_set(finished, recipe, tmp_path):
    """Of the same crystals: those are learned from once, as are clusters that both hold."""
    both = tuple(f"{finished[0].name}/cycle-{number:03d}" for number in (0, 1))
    lake = open_lake(recipe.lake)
    before = set(lake.keys("model"))
    pretrain(recipe.model_copy(update={"snapshot": both, "file": tmp_path / "mlp.safetensors"}))
    assert set(lake.keys("model")) == before  # the second holds all that the first does


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"snapshot": "nobody/cycle-001"}, "has no snapshot 'nobody/cycle-001'"),
        ({"parent": ModelSource(tag="nobody/cycle-001")}, "has no snapshot 'nobody/cycle-001'"),
        ({"parent": ModelSource(key="a" * 64)}, "holds no model"),
    ],
)
def test_what_the_lake_lacks_is_a_sentence(recipe, changed, why):
    with pytest.raises(BadParameters, match=why):
        pretrain(recipe.model_copy(update=changed))


@pytest.mark.parametrize("given", [{"snapshot": None}, {"training": "train.extxyz"}])
def test_there_is_one_training_set(recipe, given):
    with pytest.raises(ValidationError, match="give one of training and snapshot"):
        Pretraining.model_validate(recipe.model_dump() | given)


def test_the_recipe_of_the_page_can_be_read(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "mesoscale.md").read_text()
    (block,) = re.findall(r"^```yaml\n(# retrain\.yaml\n.*?)^```", page, re.DOTALL | re.MULTILINE)
    (tmp_path / "retrain.yaml").write_text(block)
    recipe = read_parameters(tmp_path / "retrain.yaml", Pretraining)
    assert recipe.parent == ModelSource(tag=recipe.snapshot)
    assert recipe.training is None
