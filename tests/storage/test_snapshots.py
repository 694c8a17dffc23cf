import json
import random
import subprocess
import sys
import time

import numpy as np
import pytest
import zarr

from storage import LakeError, MissingObject, Record, content_key, open_lake


def content(group: zarr.Group) -> dict[str, object]:
    """Every array, and the attributes of every group, by path."""
    found: dict[str, object] = {"attributes": dict(group.attrs)}
    for name, member in group.members(max_depth=None):
        found[name] = member[:] if isinstance(member, zarr.Array) else dict(member.attrs)
    return found


def assert_equal(one: zarr.Group, other: zarr.Group) -> None:
    left, right = content(one), content(other)
    assert left.keys() == right.keys()
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


@pytest.fixture
def labels_in(make_label):
    """Put twelve labels into a lake; their keys."""

    def put(lake):
        made = [make_label(seed, n=1 + seed % 4) for seed in range(12)]
        for label in made:
            lake.put(label)
        return [label.key for label in made]

    return put


@pytest.fixture
def labels(lake, labels_in):
    return labels_in(lake)


def test_a_tag_keeps_its_bytes(lake, labels):
    first = lake.commit("demo/cycle-000", {"label": labels[:5]}, {"model": "ab12"})
    before = lake.open("demo/cycle-000")
    kept = content(before)
    second = lake.commit("demo/cycle-001", {"label": labels}, {"model": "cd34"})
    assert first != second
    assert lake.open()["labels/keys"].shape[0] == 12
    assert_equal(lake.open("demo/cycle-000"), before)
    assert len(kept["labels/keys"]) == lake.open("demo/cycle-000")["labels/keys"].shape[0] == 5
    assert set(lake.open()["labels/keys"][:]) == set(labels)


def test_history_says_what_was_said(lake, labels):
    assert lake.tags() == lake.history() == []
    metadata = {"model": "ab12", "errors": {"rmse": 0.1}, "none": None}
    lake.commit("z/cycle-000", {"label": labels[:2]}, metadata)
    identity = lake.commit("a/cycle-000", {})
    assert lake.tags() == ["z/cycle-000", "a/cycle-000"]
    newest, oldest = lake.history()[::-1]
    assert (oldest.metadata, newest.metadata, newest.id) == (metadata, {}, identity)
    cycle = lake.open("z/cycle-000")["cycles/z__cycle-000"]
    assert dict(cycle.attrs) == {"tag": "z/cycle-000", "metadata": metadata}


def test_a_cycle_knows_its_rows_in_the_order_given(lake, labels):
    lake.commit("a/cycle-000", {"label": labels[4:8]})
    mine = [labels[9], labels[5], labels[0]]
    lake.commit("b/cycle-000", {"label": [*mine, mine[0]]})
    root = lake.open("b/cycle-000")
    members = root["cycles/b__cycle-000/labels"][:]
    assert list(root["labels/keys"][:][members]) == mine


def test_committing_again_changes_nothing(lake, labels):
    identity = lake.commit("demo/cycle-000", {"label": labels})
    assert lake.commit("demo/cycle-000", {"label": labels[:1]}, {"other": 1}) == identity
    assert len(lake.history()) == 1
    lake.commit("demo/cycle-001", {"label": labels})
    assert lake.open()["labels/keys"].shape[0] == len(labels)


def test_a_tag_that_is_not_listed_yet_is_not_committed_twice(lake, labels, monkeypatch):
    """A store that was just started may list less than it keeps."""
    first = lake.commit("demo/cycle-000", {"label": labels[:5]})
    second = lake.commit("demo/cycle-001", {"label": labels})
    with monkeypatch.context() as patched:
        patched.setattr("icechunk.Repository.list_tags", lambda _: set())
        assert lake.commit("demo/cycle-000", {"label": labels[:5]}) == first
        assert lake.commit("demo/cycle-001", {"label": labels}) == second
    assert lake.tags() == ["demo/cycle-000", "demo/cycle-001"]


def test_the_same_commits_make_the_same_arrays(place, lake, labels):
    other = open_lake(f"{place}/other")
    for key in reversed(labels):
        other.put(lake.get("label", key))
    for which in (lake, other):
        which.commit("demo/cycle-000", {"label": labels[:7]}, {"model": "ab"})
    lake.commit("demo/cycle-001", {"label": labels})
    other.commit("demo/cycle-001", {"label": labels})
    assert_equal(lake.open(), other.open())


def test_what_cannot_be_committed_leaves_nothing(lake, labels):
    stranger = content_key("label", "stranger")
    with pytest.raises(MissingObject, match=f"1 label records.*{stranger}"):
        lake.commit("demo/cycle-000", {"label": [*labels, stranger]})
    with pytest.raises(LakeError, match="demo/cycle-000: bad metadata: nan"):
        lake.commit("demo/cycle-000", {}, {"rmse": float("nan")})
    with pytest.raises(LakeError, match="is no tag"):
        lake.commit("demo__cycle", {})
    with pytest.raises(MissingObject, match="no snapshot yet"):
        lake.open()
    lake.commit("demo/cycle-000", {"label": labels})
    with pytest.raises(MissingObject, match="'demo/cycle-009'; there are demo/cycle-000"):
        lake.open("demo/cycle-009")


def test_snapshots_open_without_this_code(tmp_path, labels_in):
    lake = open_lake(tmp_path / "lake")
    labels = labels_in(lake)
    lake.commit("demo/cycle-000", {"label": labels}, {"model": "ab12"})
    code = """
import json, pathlib, sys, icechunk, zarr
lake = pathlib.Path(sys.argv[1])
folder = lake / json.loads((lake / "snapshots.json").read_text())["repository"]
repository = icechunk.Repository.open(icechunk.local_filesystem_storage(str(folder)))
session = repository.readonly_session(tag="demo__cycle-000")
labels = zarr.open_group(session.store, mode="r")["labels"]
offsets = labels["atom_offsets"][:]
print(len(labels["keys"][:]), labels["forces"][offsets[1]:offsets[2]].shape, labels["status"][0])
commit = next(iter(repository.ancestry(tag="demo__cycle-000")))
print(commit.metadata["model"], "storage" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code, lake.url], capture_output=True, text=True)
    second = lake.get("label", sorted(labels)[1])
    shape = second.arrays["forces"].shape
    assert said.stdout.splitlines()[-2:] == [f"12 {shape} converged", "ab12 False"], said.stderr


def test_readers_cannot_write(lake, labels):
    lake.commit("demo/cycle-000", {"label": labels})
    with pytest.raises((LakeError, ValueError), match=r"read-only"):
        lake.open()["labels/energy"][0] = 1.0


def test_a_kill_between_commit_and_tag_is_healed(lake, labels, start):
    code = """
import os, signal, sys
import icechunk
from storage import open_lake
icechunk.Repository.create_tag = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
lake = open_lake(sys.argv[1])
lake.commit(sys.argv[2], {"label": lake.keys("label")}, {"model": "ab12"})
"""
    assert start(code, lake.url, "demo/cycle-000").wait(60) == -9
    assert lake.tags() == []
    identity = lake.commit("demo/cycle-000", {"label": labels}, {"model": "ab12"})
    assert [snapshot.id for snapshot in lake.history()] == [identity]
    assert lake.history()[0].metadata == {"model": "ab12"}
    assert start(code, lake.url, "demo/cycle-001").wait(60) == -9
    lake.commit("other/cycle-000", {})
    assert lake.tags() == ["demo/cycle-000", "demo/cycle-001", "other/cycle-000"]
    assert len(list(lake.repository.ancestry(branch="main"))) == 1 + 3


def test_killed_committers_leave_what_an_undisturbed_one_makes(place, lake, labels, start, finish):
    code = """
import sys
from storage import open_lake
lake = open_lake(sys.argv[1])
keys = lake.keys("label")
for cycle in range(8):
    lake.commit(f"demo/cycle-{cycle:03}", {"label": keys[:cycle + 1]}, {"cycle": cycle})
    print(cycle, flush=True)
"""
    dice = random.Random(3)
    for cycle in (0, 4):
        committer = start(code, lake.url)
        while int(committer.stdout.readline()) < cycle:
            pass
        time.sleep(dice.uniform(0.0, 0.05))
        committer.kill()
        committer.communicate()
    finish(code, lake.url)
    calm = open_lake(f"{place}/calm")
    for key in sorted(labels):
        calm.put(lake.get("label", key))
    for cycle in range(8):
        calm.commit(
            f"demo/cycle-{cycle:03}", {"label": calm.keys("label")[: cycle + 1]}, {"cycle": cycle}
        )
    assert lake.tags() == calm.tags()
    assert_equal(lake.open(), calm.open())


def test_committers_at_once_all_get_in(lake, labels, start):
    code = """
import sys
from storage import open_lake
lake, site = open_lake(sys.argv[1]), int(sys.argv[2])
keys = lake.keys("label")
print("ready", flush=True)
input()
for cycle in range(3):
    lake.commit(f"site-{site}/cycle-{cycle:03}", {"label": keys[site::3][:2 * cycle + 1]})
"""
    sites = [start(code, lake.url, site) for site in range(3)]
    for site in sites:
        assert site.stdout.readline() == "ready\n"
    for site in sites:
        site.stdin.write("go\n")
        site.stdin.flush()
    for site in sites:
        _, err = site.communicate(timeout=120)
        assert site.returncode == 0, err
    assert len({name.split("/")[1] for name in lake.objects.names("snapshots")}) == 1
    assert sorted(lake.tags()) == [f"site-{s}/cycle-{c:03}" for s in range(3) for c in range(3)]
    assert sorted(lake.open()["labels/keys"][:]) == sorted(labels)


def test_a_full_disk_in_a_commit_is_named_and_healed(tmp_path, finish):
    lake = open_lake(tmp_path)
    big = Record("density", content_key("density", 0), {"log": "".join(map(str, range(9000)))})
    lake.put(big)
    code = """
import resource, sys
from storage import LakeError, open_lake
lake = open_lake(sys.argv[1])
lake.commit("demo/cycle-000", {})
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
try:
    lake.commit("demo/cycle-001", {"density": lake.keys("density")})
except LakeError as error:
    print(error)
"""
    assert "snapshot demo/cycle-001" in (said := finish(code, lake.url))
    assert "run again" in said
    lake.commit("demo/cycle-001", {"density": [big.key]})
    assert lake.tags() == ["demo/cycle-000", "demo/cycle-001"]
    assert list(lake.open()["density/keys"][:]) == [big.key]


@pytest.mark.parametrize("moment", ["storage", "create"])
def test_a_repository_whose_making_was_killed_is_made_again(lake, labels, start, moment):
    """Killed before it was made, and between its making and the pointer to it."""
    code = """
import os, signal, sys
from storage import open_lake
lake = open_lake(sys.argv[1])
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(type(lake.objects), sys.argv[2], die)
lake.commit("demo/cycle-000", {})
"""
    assert start(code, lake.url, moment).wait(60) == -9
    assert lake.tags() == []
    lake.commit("demo/cycle-000", {"label": labels})
    assert lake.tags() == ["demo/cycle-000"]


def test_a_repository_half_made_is_passed_by(lake, labels):
    lake.objects.create("snapshots/0123/snapshots/1CECHNKREP0F1RSTCMT0", b"torn")
    assert lake.tags() == []
    lake.commit("demo/cycle-000", {"label": labels})
    assert lake.tags() == ["demo/cycle-000"]


def test_a_torn_pointer_is_named(lake, labels, damage):
    lake.commit("demo/cycle-000", {"label": labels})
    damage(lake, "snapshots.json", lambda data: data[:9])
    with pytest.raises(LakeError, match=r"snapshots.json is damaged: put back a copy"):
        open_lake(lake.url).tags()


def test_a_damaged_chunk_is_named(lake, labels, damage):
    lake.commit("demo/cycle-000", {"label": labels})
    folder = json.loads(lake.objects.read("snapshots.json"))["repository"]
    for name in list(lake.objects.names(f"{folder}/manifests")):
        damage(lake, name, lambda data: data[:20])
    with pytest.raises(LakeError, match="snapshot demo/cycle-000"):
        open_lake(lake.url).open()["labels/positions"][:]
