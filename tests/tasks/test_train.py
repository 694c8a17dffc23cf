import pytest

from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.references import reference
from tasks.errors import BadFile
from tasks.ingest import dataset, put_label
from tasks.train import adopt, model_origin, train, train_committee

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
    elsewhere = SAME | {"spec": TrainingSpec(device="cuda")}
    assert model_origin(**SAME).key == model_origin(**elsewhere).key


def test_a_file_is_adopted_once_and_comes_back(lake, files):
    data = dataset(lake, [])
    key = adopt(lake, files.model, data)
    assert adopt(lake, files.model, data) == key
    assert load(key, lake).elements == load(files.model).elements
    assert lake.get("model", key).metadata["file"] == files.model.name


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
