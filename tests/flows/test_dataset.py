"""Periodic data sets, and the model that is trained on them."""

import ase.io
import numpy as np
import pytest
from cheap import MORSE, SITE

from flows.dataset import DataSet, Recipe, dataset
from flows.pretrain import Pretraining, pretrain
from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.sampling import WalkSpec
from nearsight.systems import System


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
        file=tmp_path / "model.safetensors",
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


def test_volumes_that_no_walk_reaches_are_refused_with_the_numbers(prefect, recipe):
    far = recipe.sets[0].model_copy(update={"volumes": (5000.0, 6000.0)})
    with pytest.raises(ValueError, match="4 frames were asked for, but only 0 of"):
        dataset(recipe.model_copy(update={"sets": (far,)}))
