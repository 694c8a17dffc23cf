"""Periodic data sets, clusters from the same walks, and the model that is trained on them."""

import json
import re
from pathlib import Path

import ase.io
import numpy as np
import pytest
import yaml
from cheap import MORSE, SITE
from studies import written

from flows.campaign import DATA
from flows.dataset import VOLUMES, DataSet, Recipe, dataset
from flows.parameters import BadParameters, read_parameters
from flows.pretrain import Pretraining, pretrain
from flows.studies.cross_validation import CrossValidation, cross_validation
from nearsight.blocks import Blueprint
from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.references import reference
from nearsight.sampling import WalkSpec
from nearsight.systems import System
from storage import open_lake
from storage.audit import audit
from tasks.extract import MASKS, read_cluster

PAGE = Path(__file__).parents[2] / "docs" / "studies.md"


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
        ({"seed": 1, "volumes": None, "system": {"variant": "ld"}, "blueprint": {}}, "the seed 1"),
        ({"blueprint": {}}, "volumes: must be empty beside a blueprint"),
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


def test_the_recipes_of_the_page_and_of_the_data_are_recipes():
    block = re.search(
        r"^```yaml\n(# d_cl\.yaml\n.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE
    )
    clusters, bulk = Recipe.model_validate(yaml.safe_load(block[1])).sets
    assert (clusters.system, clusters.seed) == (bulk.system, bulk.seed)
    assert (clusters.blueprint, bulk.blueprint) == (Blueprint(mantle=1), None)
    shipped = read_parameters(DATA / "recipes" / "datasets.yaml", Recipe)
    assert [part.blueprint for part in shipped.sets] == [None] * 3
    assert {part.volumes or VOLUMES for part in shipped.sets} == {(8500, 9700)}


def test_clusters_need_neither_volumes_nor_a_frame_each(recipe):
    clusters = {"blueprint": {}, "volumes": None, "frames": 100}
    told = recipe.model_dump()
    still = told | {"walk": {"duration": 3.0, "pressure": None}, "skip": 2.9}
    sets = [told["sets"][0] | clusters, told["sets"][1] | clusters]
    assert Recipe.model_validate(still | {"sets": sets}).sets[0].frames == 100
    with pytest.raises(ValueError, match=r"two of them have the seed 1.*only clusters may, with"):
        Recipe.model_validate(still | {"sets": [sets[0], sets[1] | {"seed": 1}]})
    with pytest.raises(ValueError, match="pressure: must not be empty"):
        Recipe.model_validate(still | {"sets": [sets[0], told["sets"][1]]})
    with pytest.raises(ValueError, match=r"train\.extxyz cannot hold 100 .* leave 0 each"):
        Recipe.model_validate(still | {"sets": sets, "skip": 9.0})


@pytest.fixture
def with_clusters(recipe, tmp_path):
    """Whole frames, and clusters of the same walk."""
    bulk = recipe.sets[0]
    clusters = DataSet(
        file=tmp_path / "clusters.extxyz",
        system=bulk.system,
        frames=6,
        walks=bulk.walks,
        blueprint=Blueprint(mantle=0),
        seed=bulk.seed,
    )
    return recipe.model_copy(
        update={"sets": (bulk, clusters), "report": tmp_path / "sets.json", "max_failed": 0.0}
    )


def test_clusters_of_the_walks_of_whole_frames_are_a_test_set(prefect, with_clusters, tmp_path):
    recipe = with_clusters
    dataset(recipe)
    lake = open_lake(recipe.lake)
    assert len(lake.keys("walk")) == 1
    clusters = ase.io.read(recipe.sets[1].file, index=":")
    assert len(clusters) == 6
    for atoms in clusters:
        assert not atoms.pbc.any()
        assert "stress" not in atoms.calc.results
        assert (atoms.info["level"], atoms.info["system"]) == ("Morse", "S_pr")
        held = read_cluster(lake, atoms.info["cluster"])
        np.testing.assert_allclose(atoms.positions, held.atoms.positions, atol=1e-7)
        for mask in MASKS:
            np.testing.assert_array_equal(atoms.arrays[mask], getattr(held, mask))
        told = reference(MORSE).label(held.atoms)
        np.testing.assert_allclose(atoms.get_forces(), told.forces, atol=1e-6)
    origins = [lake.get("cluster", atoms.info["cluster"]).metadata for atoms in clusters]
    assert len({(o["frame"], o["core_block"]) for o in origins}) == 6
    assert {o["frame"] for o in origins} == set(range(2, 7))

    told = written(recipe.report)
    assert told["sets"]["clusters.extxyz"]["cores"].keys() <= {"brick", "linker"}
    pressures = [set(part["pressures"]) for part in told["sets"].values()]
    assert pressures[0] == pressures[1]
    before = {kind: lake.keys(kind) for kind in lake.kinds()}
    text = recipe.sets[1].file.read_text()
    dataset(recipe)
    assert {kind: lake.keys(kind) for kind in lake.kinds()} == before
    assert recipe.sets[1].file.read_text() == text
    assert not audit(lake).defects

    found = cross_validation(
        CrossValidation(
            lake=recipe.lake,
            file=tmp_path / "errors.json",
            level=MORSE,
            models={"mlp_pr": {"file": recipe.model}},
            tests={"S_pr": recipe.sets[0].file, "D_cl": recipe.sets[1].file},
            site=SITE,
        )
    )
    assert [row["test set"] for row in found.rows] == ["S_pr", "D_cl", "D_cl, cores"]


def test_clusters_at_constant_volume_have_no_pressure_to_show(prefect, with_clusters):
    still = with_clusters.walk.model_copy(update={"pressure": None})
    update = {"sets": with_clusters.sets[1:], "walk": still}
    dataset(with_clusters.model_copy(update=update))
    told = json.loads(with_clusters.report.read_text())
    assert told["sets"]["clusters.extxyz"]["pressures"] == []
    assert "in the cell of the start" in told["how"]
    assert len(ase.io.read(with_clusters.sets[1].file, index=":")) == 6


def test_more_clusters_than_there_are_is_refused_with_the_numbers(prefect, with_clusters):
    many = with_clusters.sets[1].model_copy(update={"frames": 1000})
    why = r"clusters\.extxyz: 1000 clusters .* only \d+ of 140 blocks in 5 frames"
    with pytest.raises(BadParameters, match=why):
        dataset(with_clusters.model_copy(update={"sets": (many,)}))


def test_a_system_that_no_cluster_can_be_cut_from_is_refused(prefect, with_clusters, mil_53):
    rods = with_clusters.sets[1].model_copy(update={"system": System(file=mil_53)})
    with pytest.raises(BadParameters, match=r"sets\.0\.system: mil-53 holds a rod that runs"):
        dataset(with_clusters.model_copy(update={"sets": (rods,)}))
    assert not open_lake(with_clusters.lake).keys("walk")


def test_an_element_that_the_model_does_not_know_is_refused(prefect, recipe):
    hafnium = recipe.sets[1].model_copy(update={"system": System(variant="hf")})
    with pytest.raises(BadParameters, match=r"sets\.1\.system: the model knows no Hf, which S_hf"):
        dataset(recipe.model_copy(update={"sets": (recipe.sets[0], hafnium)}))
    assert not open_lake(recipe.lake).keys("walk")


def test_volumes_that_no_walk_reaches_are_refused_with_the_numbers(prefect, recipe):
    far = recipe.sets[0].model_copy(update={"volumes": (5000.0, 6000.0)})
    with pytest.raises(BadParameters, match="4 frames were asked for, but only 0 of"):
        dataset(recipe.model_copy(update={"sets": (far,)}))
