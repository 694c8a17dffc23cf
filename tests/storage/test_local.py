import subprocess
import threading
from pathlib import Path

import pytest

from storage import LakeError
from storage.local import TEMPORARY, LocalObjects, locked


def test_names_pass_by_the_files_of_killed_writers(tmp_path):
    objects = LocalObjects(tmp_path)
    objects.create("a/1/x", b"")
    objects.create("a/2/y", b"")
    (tmp_path / "a/2" / f"{TEMPORARY}123").write_bytes(b"torn")
    assert sorted(objects.names("a")) == ["a/1/x", "a/2/y"]
    assert list(objects.names("nothing")) == []


def test_a_file_too_large_leaves_nothing_behind(tmp_path, finish):
    code = """
import resource, sys
from pathlib import Path
from storage import LakeError
from storage.local import LocalObjects
objects = LocalObjects(Path(sys.argv[1]))
objects.create("before", b"kept")
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
try:
    objects.create("journal/big", bytes(10_000))
except LakeError as error:
    print(error)
"""
    said = finish(code, tmp_path)
    assert "journal/big was not written: the disk or quota is full; free some space" in said
    assert sorted(LocalObjects(tmp_path).names(".")) == ["./before"]


def test_a_full_disk_loses_nothing(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        objects = LocalObjects(disk)
        assert objects.create("small", bytes(1000))
        with pytest.raises(LakeError, match="disk or quota is full"):
            objects.create("big", bytes(100_000))
        assert sorted(objects.names(".")) == ["./small"]
        assert [path.name for path in disk.iterdir()] == ["small"]
        assert objects.create("smaller", bytes(1000))
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_forbidden_directory_is_named(outside, read_only):
    objects = LocalObjects(outside)
    read_only(outside)
    with pytest.raises(LakeError, match="make the lake's directory writable"):
        objects.create("a", b"")


def test_the_lock_is_held_by_one(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with locked(tmp_path / "lock"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80
    assert max(most) == 1


def test_a_lock_that_cannot_be_made_is_named():
    with pytest.raises(LakeError, match="lock was not written"), locked(Path("/nowhere/lock")):
        pass
