"""Periodic data sets, and the model that is trained on them."""

import ase.io
import numpy as np
import pytest
from cheap import MORSE, SITE
from studies import written

from flows.dataset import DataSet, Recipe, dataset
from flows.parameters import BadParameters
from flows.pretrain import Pretraining, pretrain
from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.sampling import WalkSpec
from nearsight.systems import System
from storage import open_lake


@pytest.fixture
def recipe(files, tmp_path):
    return Recipe(
        lake=str(tmp_path / "lake"),
        model=files.model,
        level=MORSE,
        walk=WalkSpec(duration=3.0, timestep=0.5, frame_interval=0.5, pressure=(-2.0, 2.0)),
        skip=1.0,
        sets=(
            DataSet(
                file=tmp_path / "train.extxyz",
                system=System(variant="pr"),
                frames=4,
                walks=1,
                volumes=(8900, 9300),
                seed=1,
            ),
            DataSet(
                file=tmp_path / "test.extxyz",
                system=System(variant="pr"),
                frames=2,
                walks=1,
                volumes=(8900, 9300),
                seed=2,
            ),
        ),
        site=SITE,
    )


def test_files_hold_labelled_frames_and_a_model_learns_from_them(prefect, recipe, tmp_path):
    dataset(recipe)
    train, test = (ase.io.read(part.file, index=":") for part in recipe.sets)
    assert [len(train), len(test)] == [4, 2]
    for frame in (*train, *test):
        assert frame.info["level"] == "Morse"
        forces = frame.get_forces()
        from ase.calculators.morse import MorsePotential

        frame.calc = MorsePotential(**MORSE.arguments)
        np.testing.assert_allclose(forces, frame.get_forces(), atol=1e-6)
    positions = [frame.positions for frame in (*train, *test)]
    assert not any(
        np.allclose(a, b, atol=1e-3) for i, a in enumerate(positions) for b in positions[:i]
    )

    training = Pretraining(
        lake=recipe.lake,
        file=tmp_path / "new folder" / "model.safetensors",
        training=recipe.sets[0].file,
        tests={"S_pr": recipe.sets[1].file},
        level=MORSE,
        architecture=Architecture(num_layers=1, num_features=(4, 2), radial_mlp_width=4, r_max=3.0),
        schedule=TrainingSpec(epochs=1),
        site=SITE,
    )
    errors = pretrain(training)["S_pr"]
    model = load(training.file)
    wrong = [1000 * (model.evaluate(frame).forces - frame.get_forces()) for frame in test]
    assert errors["rmse"] == pytest.approx(np.sqrt(np.mean(np.square(wrong))), rel=1e-4)

    test[0].symbols[test[0].symbols.search("Zr")] = "Hf"
    ase.io.write(tmp_path / "hf.extxyz", test[0], format="extxyz")
    other = {"file": tmp_path / "other.safetensors", "tests": {"S_hf": tmp_path / "hf.extxyz"}}
    with pytest.raises(BadParameters, match=r"tests\.S_hf: holds Hf, which the model will"):
        pretrain(training.model_copy(update=other))
    assert len(open_lake(recipe.lake).keys("model")) == 2  # the sampler, and the first training


def test_the_report_shows_volumes_and_pressures(prefect, recipe, tmp_path):
    dataset(recipe.model_copy(update={"report": tmp_path / "sets.json"}))
    told = written(tmp_path / "sets.json")["sets"]
    for part in recipe.sets:
        frames = ase.io.read(part.file, index=":")
        assert told[part.file.name]["volumes"] == pytest.approx([f.get_volume() for f in frames])
        assert len(set(told[part.file.name]["pressures"])) == part.walks
    train, test = (set(told[part.file.name]["pressures"]) for part in recipe.sets)
    assert not train & test


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"seed": 1}, "two of them have the seed 1; give each its own"),
        ({"file": "train.extxyz"}, "two of them have the file"),
        ({"volumes": (9300, 8900)}, "9300 to 8900 Å³ is no range"),
    ],
)
def test_sets_that_would_share_a_walk_or_a_file_are_refused(recipe, changed, why):
    told = recipe.model_dump()
    if "file" in changed:
        changed = {"file": told["sets"][0]["file"]}
    told["sets"] = [told["sets"][0], told["sets"][1] | changed]
    with pytest.raises(ValueError, match=why):
        Recipe.model_validate(told)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"skip": 2.8}, "train.extxyz cannot hold 4 structures, for its walks leave 1 each"),
        ({"skip": 9.0}, "walks leave 0 each after the first 9 fs"),
        ({"skip": 0.0}, "greater than 0"),
        ({"walk": {"pressure": None}}, "walk.pressure: must not be empty"),
    ],
)
def test_walks_that_cannot_hold_the_frames_are_refused_before_they_begin(recipe, changed, why):
    with pytest.raises(ValueError, match=why):
        Recipe.model_validate(recipe.model_dump() | changed)


def test_an_element_that_the_model_does_not_know_is_refused(prefect, recipe):
    hafnium = recipe.sets[1].model_copy(update={"system": System(variant="hf")})
    with pytest.raises(BadParameters, match=r"sets\.1\.system: the model knows no Hf, which S_hf"):
        dataset(recipe.model_copy(update={"sets": (recipe.sets[0], hafnium)}))
    assert not open_lake(recipe.lake).keys("walk")


def test_volumes_that_no_walk_reaches_are_refused_with_the_numbers(prefect, recipe):
    far = recipe.sets[0].model_copy(update={"volumes": (5000.0, 6000.0)})
    with pytest.raises(BadParameters, match="4 frames were asked for, but only 0 of"):
        dataset(recipe.model_copy(update={"sets": (far,)}))
