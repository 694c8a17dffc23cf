import json
import pickle

import pytest

from storage import LakeError, open_lake
from storage.local import TEMPORARY


def test_a_lake_is_made_and_found_again(tmp_path, make_label):
    label = make_label(1)
    path = tmp_path / "some where/lake"
    lake = open_lake(path)
    assert lake.put(label)
    for url in (path, str(path), path.as_uri(), lake.url):
        again = open_lake(url)
        assert again.url == lake.url
        assert again.has("label", label.key)
        assert again.missing("label", [label.key]) == []
    assert pickle.loads(pickle.dumps(lake)).keys("label") == [label.key]


def test_readers_make_nothing(tmp_path, make_label):
    with pytest.raises(LakeError, match="there is no lake at"):
        open_lake(tmp_path / "lake", mode="r")
    assert not (tmp_path / "lake").exists()
    open_lake(tmp_path / "lake").put(make_label(1))
    assert len(open_lake(tmp_path / "lake", mode="r").keys("label")) == 1


def test_what_is_no_lake_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LakeError, match="is a file, not a lake"):
        open_lake(tmp_path / "file")
    with pytest.raises(LakeError, match=r"is not empty and no lake \(it holds file\)"):
        open_lake(tmp_path)
    with pytest.raises(LakeError, match="S3 come later"):
        open_lake("s3://bucket/prefix")
    with pytest.raises(LakeError, match="local directory or a file://"):
        open_lake("https://example.org/lake")


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
def test_a_marker_that_this_code_cannot_follow_is_refused(tmp_path, marker, reason):
    (tmp_path / "lake.json").write_text(marker)
    with pytest.raises(LakeError, match=reason):
        open_lake(tmp_path)


def test_read_only_directories_are_named(outside, read_only):
    read_only(outside)
    with pytest.raises(LakeError, match="was not written: Permission denied; make"):
        open_lake(outside)


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


def test_many_open_a_new_lake_at_once(tmp_path, finish):
    code = """
import os, sys
from storage import open_lake
for round in range(20):
    children = []
    for _ in range(6):
        if (child := os.fork()) == 0:
            open_lake(f"{sys.argv[1]}/lake-{round}").put_blob("greeting", b"hello")
            os._exit(0)
        children.append(child)
    assert all(os.waitpid(child, 0)[1] == 0 for child in children)
"""
    finish(code, tmp_path)
    for i in range(20):
        assert json.loads((tmp_path / f"lake-{i}/lake.json").read_text())["version"] == 1
        assert open_lake(tmp_path / f"lake-{i}").get_blob("greeting") == b"hello"
