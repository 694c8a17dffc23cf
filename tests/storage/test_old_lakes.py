"""Lakes that older versions of Nearsight wrote, kept in ``data/`` for ever."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import unpack_archive

import numpy as np
import pytest
import zarr

from storage import Lake, open_lake

DATA = Path(__file__).parent / "data"
KINDS = {
    "batch": 2,
    "campaign": 1,
    "cluster": 6,
    "cycle": 3,
    "dataset": 4,
    "density": 2,
    "evaluation": 3,
    "label": 11,
    "model": 3,
    "scores": 2,
    "structure": 1,
    "walk": 2,
}


@pytest.fixture
def old(tmp_path) -> Lake:
    unpack_archive(DATA / "lake-v1.tar.xz", tmp_path)
    return open_lake(tmp_path / "lake-v1")


def test_every_record_and_blob_is_read(old):
    assert {kind: len(old.keys(kind)) for kind in old.kinds()} == KINDS
    for kind in KINDS:
        for key in old.keys(kind):
            assert old.get(kind, key).key == key
    models = [f"{key}.safetensors" for key in old.keys("model")]
    assert old.blobs() == sorted([*models, "log/note.txt"])
    assert [len(old.get_blob(model)) for model in models] == [2000] * 3
    assert old.get_blob("log/note.txt") == b"written by format 1\n"


def test_every_tag_is_read(old):
    tags = [f"old/cycle-00{i}" for i in range(3)]
    assert old.tags() == tags
    assert old.history()[-1].metadata["campaign"] == "old"
    for tag, labels, clusters in zip(tags, (3, 6, 9), (None, 3, 6), strict=True):
        root = old.open(tag)
        assert len(root["labels/keys"][:]) == labels
        assert clusters is None or len(root["clusters/keys"][:]) == clusters
        for _, member in root.members(max_depth=None):
            assert not isinstance(member, zarr.Array) or member[...] is not None
    columns = root["labels"]
    offsets = columns["atom_offsets"][:]
    for row, key in enumerate(columns["keys"][:]):
        label = old.get("label", key)
        atoms = slice(offsets[row], offsets[row + 1])
        np.testing.assert_array_equal(columns["positions"][atoms], label.arrays["positions"])
        assert columns["status"][row] == label.metadata["status"]


def test_it_goes_on(old, make_label):
    old.put(label := make_label(1))
    old.commit("new/cycle-000", {"label": [label.key]})
    assert old.tags()[-1] == "new/cycle-000"
    assert len(old.open()["labels/keys"][:]) == 10


def test_it_may_have_been_copied_to_s3(old, s3):
    copy = Lake(s3)
    files = [path for path in Path(old.url).rglob("*") if path.is_file()]
    names = [path.relative_to(old.url).as_posix() for path in files]
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda name: copy.objects.create(name, old.objects.read(name)), names))
    assert open_lake(s3).tags() == old.tags()
    np.testing.assert_array_equal(
        open_lake(s3).open()["labels/positions"][:], old.open()["labels/positions"][:]
    )
