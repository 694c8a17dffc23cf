import subprocess
import sys
import time

import numpy as np
import pytest

from nearsight.potentials import Architecture, RegionWeights, TrainingSpec, load
from nearsight.references import reference
from storage import Record, open_lake
from storage.audit import audit
from tasks.checkpoints import LakeCheckpoints, checkpoint_origin
from tasks.errors import BadFile
from tasks.ingest import dataset, put_label
from tasks.train import adopt, learnable, model_origin, train, train_committee, train_model

SAME = {"architecture": Architecture(), "spec": TrainingSpec(), "dataset": "d" * 64, "parent": None}

TINY = Architecture(num_layers=1, l_max=0, num_features=(4,), r_max=4.0, radial_mlp_width=4)
SHORT = TrainingSpec(epochs=2, validation_fraction=0.3)


@pytest.fixture
def data(lake, crystals, level):
    """A data set of three crystals."""
    labels = [put_label(lake, a, reference(level).label(a), level) for a in crystals]
    return dataset(lake, labels)


@pytest.mark.parametrize(
    "other",
    [
        {"architecture": Architecture(r_max=4.0)},
        {"spec": TrainingSpec(epochs=3)},
        {"dataset": "e" * 64},
        {"parent": "f" * 64},
    ],
)
def test_the_key_of_a_model_is_all_that_made_it(other):
    assert model_origin(**SAME).key != model_origin(**(SAME | other)).key


def test_where_a_model_is_trained_is_not_in_its_key():
    elsewhere = SAME | {"spec": TrainingSpec(device="cuda", checkpoint_interval=9.0)}
    assert model_origin(**SAME).key == model_origin(**elsewhere).key


def test_a_file_is_adopted_once_and_comes_back(lake, files):
    data = dataset(lake, [])
    key = adopt(lake, files.model, data)
    assert adopt(lake, files.model, data) == key
    assert load(key, lake).elements == load(files.model).elements
    told = lake.get("model", key).metadata
    assert told["file"] == files.model.name
    assert told["reference_energies"] == load(files.model).norm.reference_energies


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_what_is_no_model_is_refused(lake, tmp_path, content):
    path = tmp_path / "bad.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BadFile, match=r"bad\.safetensors cannot be read as a model"):
        adopt(lake, path, dataset(lake, []))


def test_a_retrained_model_knows_its_parent(finished):
    campaign, lake = finished
    told = {key: lake.get("model", key).metadata for key in lake.keys("model")}
    (child,) = [t for t in told.values() if t["parent"]]
    assert child["parent"] in told
    assert child["frames"] == campaign.retraining.replay + len(lake.keys("cluster"))
    assert child["seconds"] > 0


def test_members_of_a_committee_differ_and_the_first_is_the_model_itself(work, data):
    keys = train_committee.fn(work, TINY, SHORT, data, None, 3).data
    packages = {load(key, work.lake).to_bytes() for key in keys}
    assert len(set(keys)) == len(packages) == 3
    again = train.fn(work, TINY, SHORT, data, None)
    assert (again.data, again.name) == (keys[0], "Cached")
    heirs = train_committee.fn(work, TINY, SHORT, data, keys[0], 2).data
    assert len({load(key, work.lake).to_bytes() for key in heirs}) == 2


def test_forces_in_a_cluster_count_by_region(lake, crystals, level):
    label = put_label(lake, crystals[0], reference(level).label(crystals[0]), level)
    masks = {name: np.arange(3) == i for i, name in enumerate(("core", "mantle", "caps"))}
    geometry = {"numbers": crystals[0].numbers, "positions": crystals[0].positions}
    where = {"parent_indices": np.arange(3)}
    lake.put(Record("cluster", "c" * 64, {}, masks | geometry | where))
    weights = RegionWeights(mantle=0.5, caps=0.25)
    atoms, _ = learnable(lake, label, "c" * 64, weights)
    assert atoms.arrays["force_weight"].tolist() == [1.0, 0.5, 0.25]
    atoms, told = learnable(lake, label, "c" * 64, RegionWeights())
    assert atoms.arrays["force_weight"].tolist() == [1.0, 0.0, 0.0]
    assert np.isfinite(told.forces).all()
    assert "force_weight" not in learnable(lake, label, "", weights)[0].arrays


LONG = TrainingSpec(epochs=20, validation_fraction=0.3, checkpoint_interval=0.0)
AT_WORK = """
import sys
from storage import open_lake
from nearsight.potentials import Architecture, TrainingSpec
from tasks.train import train_model
url, key, architecture, spec, data = sys.argv[1:]
architecture = Architecture.model_validate_json(architecture)
spec = TrainingSpec.model_validate_json(spec)
train_model(open_lake(url), key, architecture, spec, data, None)
"""


def test_a_training_that_was_killed_leaves_the_same_bytes(work, data, crystals, level, tmp_path):
    key = model_origin(TINY, LONG, data, None).key
    words = [work.lake.url, key, TINY.model_dump_json(), LONG.model_dump_json(), data]
    process = subprocess.Popen([sys.executable, "-c", AT_WORK, *words])
    while len(work.lake.keys("checkpoint")) < 2 and process.poll() is None:
        time.sleep(0.1)
    process.kill()
    process.wait()
    assert not work.lake.has("model", key)
    before = len(work.lake.keys("checkpoint"))
    assert 2 <= before < 19
    assert train.fn(work, TINY, LONG, data, None).data == key

    other = open_lake(tmp_path / "other")
    labels = [put_label(other, a, reference(level).label(a), level) for a in crystals]
    assert dataset(other, labels) == data
    train_model(other, key, TINY, LONG, data, None)
    assert load(key, work.lake).to_bytes() == load(key, other).to_bytes()
    here, there = (lake.get("model", key) for lake in (work.lake, other))
    for name in ("training_loss", "validation_loss"):
        np.testing.assert_array_equal(here.arrays[name], there.arrays[name])
    assert len(here.arrays["training_loss"]) == 20
    assert not audit(work.lake).defects


def test_the_last_checkpoint_counts_and_so_does_the_time_before_it(lake):
    first = LakeCheckpoints(lake, "a" * 64, 9, "d" * 64, "")
    assert first.last() is None
    for epoch in (2, 5):
        first.keep(epoch, b"state %d" % epoch)
    metadata = lake.get("checkpoint", checkpoint_origin("a" * 64, 5).key).metadata
    then = LakeCheckpoints(lake, "a" * 64, 9, "d" * 64, "")
    assert then.last() == b"state 5"
    assert then.seconds > metadata["seconds"]
    assert LakeCheckpoints(lake, "b" * 64, 9, "d" * 64, "").last() is None
