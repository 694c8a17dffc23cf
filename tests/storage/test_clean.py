"""What cleaning takes and what it leaves."""

import os
import time
from datetime import timedelta

import numpy as np
import pytest
import zarr

from storage import LakeError, Record, open_lake
from storage.clean import remove, waste
from storage.origin import dataset_key

NOW, MONTH = timedelta(0), timedelta(days=30)


def named(records):
    return {f"journal/{r.kind}/{r.key[:2]}/{r.key}" for r in records}


def put_dataset(lake, *labels):
    keys = sorted(label.key for label in labels)
    arrays = {"labels": np.array(keys), "clusters": np.array([""] * len(keys))}
    record = Record("dataset", dataset_key(keys, [""] * len(keys)), {}, arrays)
    lake.put(record)
    return record


def arrays_of(root):
    return {
        name: array[...] for name, array in root.members(max_depth=None) if hasattr(array, "chunks")
    }


def age(folder, days):
    """Make all files of a local lake older."""
    moment = time.time() - 86400 * days
    for file in folder.rglob("*"):
        os.utime(file, (moment, moment))


@pytest.fixture
def local(tmp_path):
    return open_lake(tmp_path / "lake")


def test_what_a_tag_or_a_label_reaches_stays(lake, make_label):
    tagged, label = make_label(0), make_label(1)
    models = [Record("model", key * 64) for key in "abc"]
    for record in (tagged, label, *models):
        lake.put(record)
    lake.commit("a/cycle-000", {"label": [tagged.key], "model": [models[0].key]})
    put_dataset(lake, tagged)
    found = waste(lake, NOW)
    assert found.records.keys() == named(models[1:])
    assert sum(found.records.values()) > 0
    remove(lake, found)
    assert lake.keys("model") == [models[0].key]
    assert lake.keys("label") == sorted([tagged.key, label.key])  # they cost the most of all
    assert not waste(lake, NOW).records


def test_work_in_progress_keeps_what_it_refers_to(local, make_label, tmp_path):
    old, alone = Record("model", "a" * 64), Record("model", "b" * 64)
    local.put(old)
    local.put(alone)
    age(tmp_path / "lake", 40)
    local.put(Record("density", "c" * 64, {"model": old.key}))
    assert waste(local, MONTH).records.keys() == named([alone])


def test_old_checkpoints_go_and_their_model_stays(local, make_label, tmp_path):
    label, model = make_label(0), Record("model", "a" * 64)
    local.put(label)
    dataset = put_dataset(local, label)
    old, new = (
        Record("checkpoint", key * 64, {"model": model.key, "dataset": dataset.key, "parent": ""})
        for key in "bc"
    )
    local.put(old)
    age(tmp_path / "lake", 40)
    local.put(model)
    local.put(new)
    assert waste(local, MONTH).records.keys() == named([old])
    local.commit("a/cycle-000", {"model": [model.key]})
    assert waste(local, NOW).records.keys() == named([old, new])


def test_a_blob_goes_with_its_record(lake):
    kept, gone = Record("model", "a" * 64), Record("model", "b" * 64)
    for record in (kept, gone):
        lake.put(record)
        lake.put_blob(f"{record.key}.safetensors", b"package")
    lake.put_blob("log/note.txt", b"whose it is, its name does not say")
    lake.commit("a/cycle-000", {"model": [kept.key]})
    found = waste(lake, NOW)
    assert list(found.blobs) == [f"blobs/{gone.key}.safetensors"]
    remove(lake, found)
    assert lake.blobs() == [f"{kept.key}.safetensors", "log/note.txt"]


def test_records_go_before_what_they_refer_to(local, tmp_path):
    for days, (key, parent) in enumerate(zip("cab", ["", "c", "a"], strict=True)):
        name = f"journal/model/{key * 2}/{key * 64}"
        local.put(Record("model", key * 64, {"parent": parent * 64}))
        moment = time.time() - 86400 * (60 - days)
        os.utime(tmp_path / "lake" / name, (moment, moment))
    assert [name[-1] for name in waste(local, MONTH).records] == ["b", "a", "c"]


def test_leftovers_of_writers_that_died_go(local, make_label, tmp_path):
    local.put(make_label(0))
    folder = next((tmp_path / "lake" / "journal" / "label").iterdir())
    (folder / ".tmp-dead").write_bytes(b"half a record")
    age(tmp_path / "lake", 2)
    (folder / ".tmp-alive").write_bytes(b"half a record")
    found = waste(local, MONTH)
    assert [name.rpartition("/")[2] for name in found.leftovers] == [".tmp-dead"]
    assert sum(found.leftovers.values()) == 13
    remove(local, found)
    assert [file.name for file in folder.iterdir() if file.name.startswith(".tmp")] == [
        ".tmp-alive"
    ]


def test_unfinished_snapshots_go_and_every_tag_stays_as_it_is(local, make_label, tmp_path):
    for cycle in range(2):
        labels = [make_label(10 * cycle + seed, n=2000) for seed in range(3)]
        for label in labels:
            local.put(label)
        local.commit(f"a/cycle-00{cycle}", {"label": [label.key for label in labels]})
    before = {tag: arrays_of(local.open(tag)) for tag in local.tags()}
    session = local.repository.writable_session("main")
    zarr.open_group(session.store, mode="a")["labels/positions"][:] = 1.0  # and its writer dies
    young = waste(local, MONTH).unfinished
    age(tmp_path / "lake", 2)
    number, size = waste(local, MONTH).unfinished
    assert young == (0, 0)
    assert number > 0
    assert size > 500
    remove(local, waste(local, MONTH))
    again = open_lake(local.url)
    assert waste(again, MONTH).unfinished == (0, 0)
    for tag, arrays in before.items():
        after = arrays_of(again.open(tag))
        assert arrays.keys() == after.keys()
        for name, values in arrays.items():
            np.testing.assert_array_equal(after[name], values)


def test_nothing_goes_while_a_needed_record_is_damaged(lake, make_label):
    labels = [make_label(seed) for seed in range(3)]
    for label in labels:
        lake.put(label)
    put_dataset(lake, *labels[:2])
    name = f"journal/label/{labels[0].key[:2]}/{labels[0].key}"
    data = lake.objects.read(name)
    lake.objects.delete(name)
    lake.objects.create(name, data[:-5])
    with pytest.raises(
        LakeError, match=f"nothing was removed, for label {labels[0].key} is needed"
    ):
        waste(lake, NOW)
