import json
import pickle

import pytest

from storage import Lake, LakeError, open_lake
from storage.local import TEMPORARY


def test_a_lake_is_made_and_found_again(place, make_label):
    label = make_label(1)
    lake = open_lake(f"{place}/some/where")
    assert lake.put(label)
    again = open_lake(lake.url)
    assert again.url == lake.url
    assert again.has("label", label.key)
    assert again.missing("label", [label.key]) == []
    assert pickle.loads(pickle.dumps(lake)).keys("label") == [label.key]


def test_a_directory_has_several_names(tmp_path):
    path = tmp_path / "some where/lake"
    for url in (path, str(path), path.as_uri()):
        assert open_lake(url).url == str(path)


def test_readers_make_nothing(place, make_label):
    with pytest.raises(LakeError, match="there is no lake at"):
        open_lake(f"{place}/lake", mode="r")
    assert Lake(f"{place}/lake").objects.stranger() is None
    open_lake(f"{place}/lake").put(make_label(1))
    assert len(open_lake(f"{place}/lake", mode="r").keys("label")) == 1


def test_what_is_no_lake_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LakeError, match="is a file, not a lake"):
        open_lake(tmp_path / "file")
    with pytest.raises(LakeError, match=r"is a directory, a file:// address or s3://"):
        open_lake("https://example.org/lake")


def test_a_place_with_other_things_is_refused(place):
    Lake(place).objects.create("thesis.tex", b"")
    with pytest.raises(LakeError, match=r"is not empty and no lake \(it holds thesis.tex\)"):
        open_lake(place)


def test_a_lake_that_someone_is_making_is_not_taken_for_a_stranger(tmp_path):
    (tmp_path / f"{TEMPORARY}0123").write_bytes(b"{")
    assert open_lake(tmp_path).keys("label") == []


@pytest.mark.parametrize(
    ("marker", "reason"),
    [
        ('{"format": "nearsight-lake", "version": 99}', "has format 99.*update Nearsight"),
        ('{"format": "other", "version": 1}', "not that of a lake"),
        ('{"format": "nearsi', "could not be read"),
        ("[]", "could not be read"),
    ],
)
def test_a_marker_that_this_code_cannot_follow_is_refused(place, marker, reason):
    Lake(place).objects.create("lake.json", marker.encode())
    with pytest.raises(LakeError, match=reason):
        open_lake(place)


def test_read_only_directories_are_named(outside, read_only):
    read_only(outside)
    with pytest.raises(LakeError, match="is read-only for this user: make it writable"):
        open_lake(outside)
    with pytest.raises(LakeError, match="was not written: Permission denied; make"):
        open_lake(outside / "lake")


def test_a_read_only_lake_opens_to_read(outside, read_only, make_label):
    label = make_label(1)
    open_lake(outside).put(label)
    open_lake(outside).commit("demo/cycle-000", {"label": [label.key]})
    read_only(outside)
    with pytest.raises(LakeError, match="is read-only for this user"):
        open_lake(outside)
    reader = open_lake(outside, mode="r")
    assert reader.keys("label") == [label.key]
    assert list(reader.open()["labels/keys"][:]) == [label.key]


def test_many_open_a_new_lake_at_once(place, finish):
    code = """
import os, sys
from storage import Lake, open_lake
Lake(sys.argv[1]).objects.store  # found once, before the forks
for round in range(int(sys.argv[2])):
    children = []
    for _ in range(6):
        if (child := os.fork()) == 0:
            open_lake(f"{sys.argv[1]}/lake-{round}").put_blob("greeting", b"hello")
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
"""
    rounds = 1 if place.startswith("s3:") else 20
    finish(code, place, rounds)
    for i in range(rounds):
        lake = open_lake(f"{place}/lake-{i}")
        assert json.loads(lake.objects.read("lake.json"))["version"] == 2
        assert lake.get_blob("greeting") == b"hello"
        assert list(lake.objects.names(".probe")) == []


def test_those_who_put_and_get_need_no_zarr(place, make_label, finish):
    label = make_label(1)
    open_lake(place).put(label)
    code = """
import sys
from storage import open_lake
lake = open_lake(sys.argv[1])
lake.put(lake.get("label", sys.argv[2]))
print(lake.kinds(), "zarr" in sys.modules, "icechunk" in sys.modules)
"""
    assert finish(code, place, label.key) == "['label'] False False\n"
