"""What `Objects` promises, on a local directory and on S3."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from storage import Lake, MissingObject


@pytest.fixture
def objects(place):
    return Lake(f"{place}/lake").objects


def test_objects_are_written_once(objects):
    assert not objects.exists("a/b/c")
    assert objects.create("a/b/c", b"first")
    assert not objects.create("a/b/c", b"second")
    assert objects.exists("a/b/c")
    assert objects.read("a/b/c") == b"first"
    assert objects.size("a/b/c") == 5
    assert abs(datetime.now(UTC) - objects.modified("a/b/c")) < timedelta(minutes=1)


@pytest.mark.parametrize("content", [b"", b"\0", bytes(range(256)) * 40_000])
def test_any_bytes_come_back(objects, content):
    assert objects.create("x", content)
    assert objects.read("x") == content
    assert objects.size("x") == len(content)


def test_what_is_not_there_is_named(objects):
    for ask in (objects.read, objects.size, objects.modified):
        with pytest.raises(MissingObject, match="holds no a/x"):
            ask("a/x")
    assert not objects.exists("a/x")
    assert not objects.exists("a")
    objects.delete("a/x")


def test_objects_are_listed_by_folder(objects):
    assert list(objects.names("a")) == list(objects.folders("a")) == []
    assert objects.stranger() is None
    names = ["a/1/x", "a/1/y", "a/2/z", "ab/c"]
    for name in names:
        objects.create(name, b"")
    assert sorted(objects.names("a")) == names[:3]
    assert sorted(objects.folders("a")) == ["1", "2"]
    assert sorted(objects.folders("a/1")) == []
    assert objects.stranger() is not None


def test_more_objects_than_one_page_are_listed(s3):
    objects = Lake(s3).objects
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda i: objects.create(f"page/{i}", b""), range(1100)))
    assert len(set(objects.names("page"))) == 1100


def test_deleted_objects_can_be_written_again(objects):
    objects.create("a/b", b"damaged")
    objects.delete("a/b")
    assert not objects.exists("a/b")
    assert list(objects.names("a")) == []
    assert objects.create("a/b", b"repaired")
    assert objects.read("a/b") == b"repaired"
