"""What an audit finds on small lakes; `tests/flows/test_lake_verbs.py` damages a campaign's."""

from shutil import unpack_archive

import numpy as np
import pytest
import zarr

from storage import open_lake, structure_key
from storage.audit import audit
from storage.origin import Origin
from storage.records import encode


@pytest.fixture
def labels(lake, make_label):
    """Four labels with what they are made of, in two snapshots."""
    made = []
    for seed in range(4):
        arrays = make_label(seed).arrays
        geometry = structure_key(*(arrays[n] for n in ("numbers", "positions", "cell", "pbc")))
        told = {"level": "test", "status": "converged", "structure": geometry}
        made.append(Origin("label", {"name": "test"}, [geometry]).record(told, arrays))
        lake.put(made[-1])
    lake.commit("a/cycle-000", {"label": [r.key for r in made[:2]]})
    lake.commit("a/cycle-001", {"label": [r.key for r in made]})
    return made


def found(lake):
    return {defect.object: defect.sentence for defect in audit(lake).defects}


def path(record):
    return f"journal/{record.kind}/{record.key[:2]}/{record.key}"


def rewrite(lake, record, data):
    lake.objects.delete(path(record))
    lake.objects.create(path(record), data)


def test_a_sound_lake_has_no_defect(lake, labels):
    lake.put_blob("log/note.txt", b"said")
    stages = []
    result = audit(lake, lambda stage, done: stages.append((stage, done)))
    assert (result.records, result.blobs, result.snapshots) == (4, 1, 2)
    assert (result.rehashed, result.older, result.defects) == (4, 0, ())
    assert [stage for stage, done in stages if done == 1] == ["records", "blobs", "snapshots"]


def test_an_empty_lake_is_sound(lake):
    assert audit(lake).defects == ()


def test_another_geometry_under_the_same_key_is_found(lake, labels):
    moved = dict(labels[0].arrays)
    moved["positions"] = moved["positions"] + 0.5
    changed = Origin("label", {"name": "test"}, labels[0].metadata["origin"]["inputs"])
    rewrite(lake, labels[0], encode(changed.record(labels[0].metadata, moved)))
    defects = found(lake)
    assert "another geometry than it names" in defects[path(labels[0])]
    assert "labels/positions of label" in defects["snapshot a/cycle-000"]
    assert "snapshot a/cycle-001" not in defects


def test_a_record_of_another_kind_and_one_in_a_wrong_place_are_found(lake, labels):
    data = lake.objects.read(path(labels[0]))
    misplaced = path(labels[0]).replace("journal/label", "journal/walk")
    lake.objects.create(misplaced, data)
    lake.objects.create(f"journal/label/zz/{labels[1].key}", data)
    defects = found(lake)
    assert "holds a label" in defects[misplaced] or "lacks" in defects[misplaced]
    assert "is no place of a record" in defects[f"journal/label/zz/{labels[1].key}"]


def test_an_input_that_a_record_does_not_name_is_found(lake):
    score = Origin("scores", {}, ["a" * 64, "b" * 64])
    arrays = {"frames": np.arange(1), "log_likelihood": np.zeros((1, 2))}
    lake.put(record := score.record({"walk": "a" * 64}, arrays))
    assert f"was made of {'b' * 64} and does not name it" in found(lake)[path(record)]


def test_a_model_without_its_file_or_with_another_is_found(lake):
    adopted = Origin("model", {"package": "0" * 64})
    lake.put(record := adopted.record({}))
    assert "lacks its file in blobs" in found(lake)[path(record)]
    lake.put_blob(f"{adopted.key}.safetensors", b"another")
    assert "another model" in found(lake)[f"blobs/{adopted.key}.safetensors"]


def commit_by_hand(lake, tag, change):
    session = lake.repository.writable_session("main")
    change(zarr.open_group(session.store, mode="a"))
    lake.repository.create_tag(tag.replace("/", "__"), session.commit(tag, {"tag": tag}))


def test_a_snapshot_that_changed_older_rows_is_found(lake, labels):
    def change(root):
        root["labels/energy"][1] = 5.0

    commit_by_hand(lake, "a/cycle-002", change)
    defects = found(lake)
    assert list(defects) == ["snapshot a/cycle-002"]
    assert "labels/energy holds older rows" in defects["snapshot a/cycle-002"]


def test_a_row_without_a_record_is_found(lake, labels):
    lake.objects.delete(path(labels[3]))
    assert "snapshot a/cycle-001 refers to it" in found(lake)[path(labels[3])]


def test_a_tag_that_is_gone_is_found(lake, labels):
    lake.repository.delete_tag("a__cycle-000")
    assert "the tag a/cycle-000 is gone" in found(lake)["snapshot a/cycle-000"]


def test_a_tag_beside_the_history_is_found(lake, labels):
    first = lake.history()[0].id
    lake.repository.create_branch("side", first)
    session = lake.repository.writable_session("side")
    zarr.open_group(session.store, mode="a").attrs["mark"] = 1
    lake.repository.create_tag("side", session.commit("side"))
    assert "is not in the history" in found(lake)["snapshot side"]


def test_a_lake_of_an_older_version_is_sound_and_its_keys_are_counted(tmp_path, request):
    unpack_archive(request.path.parent / "data" / "lake-v1.tar.xz", tmp_path)
    result = audit(open_lake(tmp_path / "lake-v1", mode="r"))
    assert (result.rehashed, result.older, result.defects) == (5, 35, ())
