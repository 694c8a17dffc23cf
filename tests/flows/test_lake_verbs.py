"""`nearsight lake ...` on the lake of a real campaign, sound and damaged on purpose."""

import json
import os
import shutil
import time

import ase.io
import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from flows.history import campaigns, read_cycles
from nearsight.references import Label, read_level
from storage import Record, content_key, open_lake
from storage.records import encode
from tasks.explore import read_structure
from tasks.ingest import label_record


def lake_verb(*arguments):
    """Run `nearsight lake`; exit status and everything that was printed."""
    said = CliRunner().invoke(app, ["lake", *map(str, arguments)], terminal_width=200)
    assert said.exception is None or isinstance(said.exception, SystemExit), said.output
    return said.exit_code, said.output


def json_of(*arguments, status=0):
    code, output = lake_verb(*arguments, "--json")
    assert code == status
    return json.loads(output)


@pytest.fixture(scope="module")
def start(finished):
    return read_cycles(finished[1], "tiny")[0]


@pytest.fixture(scope="module")
def end(finished):
    return read_cycles(finished[1], "tiny")[1]


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the lake, to be changed."""
    shutil.copytree(finished[1].url, tmp_path / "lake")
    return open_lake(tmp_path / "lake")


def name_of(kind, key):
    return f"journal/{kind}/{key[:2]}/{key}"


def arrays_of(lake):
    return {
        (tag, name): array[...]
        for tag in lake.tags()
        for name, array in lake.open(tag).members(max_depth=None)
        if hasattr(array, "chunks")
    }


def assert_same(arrays, others):
    assert arrays.keys() == others.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, others[name], err_msg=str(name))


def test_log_tells_the_history(finished, start, end):
    _, lake = finished
    entries = json_of("log", lake.url)["snapshots"]
    assert [entry["tag"] for entry in entries] == [start.tag, end.tag]
    assert [entry["metadata"]["model"] for entry in entries] == [start.model, end.model]
    assert entries[1]["records"]["cluster"] == len(end.clusters)
    assert entries[1]["records"]["walk"] == 1
    code, output = lake_verb("log", lake.url)
    assert code == 0
    assert end.tag in output
    assert end.model[:12] in output


def test_show_tells_of_a_snapshot(finished, end):
    _, lake = finished
    found = json_of("show", lake.url, end.tag)
    assert found["labels"] == {"converged": found["records"]["label"]}
    assert set(found["metrics"]) == {"S_pr", "S_ld"}
    arrays = {array["path"]: array for array in found["arrays"]}
    assert arrays["labels/forces"]["units"] == "eV/Å"
    assert arrays["labels/forces"]["shape"] == arrays["labels/positions"]["shape"]
    code, output = lake_verb("show", lake.url, end.tag)
    assert code == 0
    assert "labels/forces" in output
    assert "MAE_p95" in output


def test_show_tells_of_a_record(finished, end):
    campaign, lake = finished
    found = json_of("show", lake.url, end.walks[0][:10])
    assert (found["kind"], found["key"]) == ("walk", end.walks[0])
    assert found["origin"]["spec"]["walk"] == campaign.walk.model_dump(mode="json")
    assert found["origin"]["inputs"] == [found["metadata"]["start"], found["metadata"]["model"]]
    arrays = {array["name"]: array for array in found["arrays"]}
    assert arrays["positions"]["shape"][1:] == [448, 3]
    assert arrays["temperatures"]["units"] == "K"
    code, output = lake_verb("show", lake.url, end.walks[0][:10])
    assert code == 0
    assert f"walk {end.walks[0]}" in output
    assert "spec.walk.temperature" in output


def test_show_says_what_there_is_instead(finished):
    _, lake = finished
    code, output = lake_verb("show", lake.url, "tiny/cycle-009")
    assert code == 2
    assert "nothing in the lake" in output
    assert "`nearsight lake log`" in output
    code, output = lake_verb("show", lake.url, "")
    assert code == 2
    assert "give more of the key" in output


def test_diff_tells_what_a_cycle_brought(finished, start, end):
    _, lake = finished
    found = json_of("diff", lake.url, start.tag, end.tag)
    number = len(end.clusters)
    assert found["records"]["cluster"] == {"only_a": 0, "only_b": number, "both": 0}
    assert found["records"]["model"] == {"only_a": 0, "only_b": 1, "both": 1}
    labels = found["labels"]["converged"]
    assert labels["b"] - labels["a"] == number
    assert {cluster["system"] for cluster in found["clusters"]} == {"S_ld"}
    assert sum(cluster["only_b"] for cluster in found["clusters"]) == number
    before, after = (
        lake.get("evaluation", cycle.evaluations["S_ld"]).metadata["metrics"]["mae_p95"]
        for cycle in (start, end)
    )
    assert found["metrics"]["S_ld"]["mae_p95"] == {"a": before, "b": after}
    code, output = lake_verb("diff", lake.url, start.tag, end.tag)
    assert code == 0
    assert f"{after:.1f}" in output
    assert end.model[:12] in output


def test_verify_finds_a_sound_lake_sound(finished):
    _, lake = finished
    code, output = lake_verb("verify", lake.url)
    assert code == 0
    records = sum(len(lake.keys(kind)) for kind in lake.kinds())
    assert "is sound" in output
    assert f"{records} keys computed anew" in output
    assert output.count("\n") == 1


@pytest.fixture
def damaged(copied, start, end):
    """The lake with all kinds of damage, and what is to be said by name of the object."""
    folder, said = copied.objects.root, {}

    def change(name, new, words):
        data = (folder / name).read_bytes()
        (folder / name).write_bytes(new(data))
        said[name] = words

    def flip(data):
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :]

    change(name_of("label", end.labels[0]), lambda data: data[:-100], "is damaged")
    change(name_of("batch", end.batch), flip, "is damaged")
    change(f"blobs/{end.model}.safetensors", flip, "is damaged")

    other = (folder / name_of("evaluation", start.evaluations["S_ld"])).read_bytes()
    evaluation = name_of("evaluation", start.evaluations["S_pr"])
    change(evaluation, lambda data: other, f"holds evaluation {start.evaluations['S_ld']}")

    density = copied.get("density", end.density)
    origin = {**density.metadata["origin"], "spec": {"max_components": 99}}
    forged = Record("density", density.key, {**density.metadata, "origin": origin}, density.arrays)
    change(name_of("density", end.density), lambda data: encode(forged), "not what its key says")

    gone = name_of("cluster", end.clusters[0][1])
    (folder / gone).unlink()
    said[gone] = "is missing"

    chunk = max((folder / "snapshots").rglob("chunks/*"), key=lambda file: file.stat().st_size)
    change(chunk.relative_to(folder), flip, "")
    del said[chunk.relative_to(folder)]
    said[f"snapshot {end.tag}"] = "all snapshots are made anew from the journal"
    return copied, said


def test_verify_names_every_damage_and_the_way_out(damaged):
    lake, said = damaged
    found = json_of("verify", lake.url, status=1)
    assert not found["sound"]
    defects = {defect["object"]: defect["sentence"] for defect in found["defects"]}
    assert defects.keys() == said.keys()
    for name, words in said.items():
        assert words in defects[name]
        assert name in defects[name]
        assert "put back a copy" in defects[name] or "delete it and run again" in defects[name]


def test_verify_ends_with_a_sentence_and_a_status(copied, end):
    (copied.objects.root / name_of("model", end.model)).unlink()
    code, output = lake_verb("verify", copied.url)
    assert code == 1
    *_, defect, last = output.strip().splitlines()
    assert name_of("model", end.model) in defect
    assert f"The lake {copied.url} has 1 defect" in last


def test_gc_leaves_a_damaged_lake_alone(damaged):
    lake, _ = damaged
    before = sorted(file for file in lake.objects.root.rglob("*"))
    code, output = lake_verb("gc", lake.url, "--yes")
    assert code == 2
    assert "nothing was removed" in output
    assert "nearsight lake verify" in output
    assert sorted(file for file in lake.objects.root.rglob("*")) == before


def test_gc_takes_what_nothing_needs_and_no_tag_changes(copied):
    before = arrays_of(copied)
    alone = Record("model", content_key("model", "of nobody"), {"parent": ""})
    copied.put(alone)
    copied.put_blob(f"{alone.key}.safetensors", b"package")
    (copied.objects.root / "blobs" / ".tmp-dead").write_bytes(b"half a model")
    assert "0 files of 0 bytes" in lake_verb("gc", copied.url)[1]  # all of it is young
    moment = time.time() - 40 * 86400
    for file in copied.objects.root.rglob("*"):
        os.utime(file, (moment, moment))
    code, output = lake_verb("gc", copied.url)
    assert code == 0
    assert "Nothing was removed; --yes would remove 3 files" in output
    assert copied.has("model", alone.key)
    assert "records: model" in output
    code, output = lake_verb("gc", copied.url, "--yes")
    assert code == 0
    assert "Removed 3 files" in output
    assert not copied.has("model", alone.key)
    assert not copied.has_blob(f"{alone.key}.safetensors")
    assert_same(before, arrays_of(open_lake(copied.url)))
    assert lake_verb("verify", copied.url)[0] == 0


def test_export_and_import_come_round(copied, end, tmp_path):
    failed = Label("crashed", None, None, None, 1.5, "out of memory")
    start = read_structure(copied, copied.keys("structure")[0])
    level = read_level(next(iter(campaigns(copied).values()))["level"])
    copied.put(record := label_record(start, failed, level))
    known = copied.get("dataset", end.dataset).arrays["labels"].tolist()
    members = {"label": [*known, record.key], "dataset": [end.dataset]}
    copied.commit("tiny/failed", members)
    copied.commit("studies/one", {"label": known}, {"study": "one", "level": level.name})
    before = {kind: copied.keys(kind) for kind in copied.kinds()}

    file = tmp_path / "all.extxyz.xz"
    code, output = lake_verb("export", copied.url, "tiny/failed", file)
    assert code == 0
    assert f"Wrote {len(known)} labelled structures" in output
    assert "left out: 1 crashed." in output
    frames = [frame for frame in ase.io.read(file, ":") if "core" in frame.arrays]
    assert len(frames) == len(end.clusters)
    assert all(frame.arrays["core"].any() for frame in frames)
    code, output = lake_verb("export", copied.url, end.tag, file)
    assert code == 2
    assert "name another" in output

    code, output = lake_verb("import", copied.url, file, "--level", level.name, "--name", "mine")
    assert code == 0
    assert f"names {len(known)} labelled structures, 0 of them new" in output
    assert {kind: copied.keys(kind) for kind in copied.kinds()} == before
    assert copied.history()[-1].metadata["dataset"] == end.dataset

    described = tmp_path / "level.yaml"
    described.write_text(yaml.safe_dump(level.model_dump(mode="json")))
    elsewhere = tmp_path / "elsewhere"
    code, output = lake_verb("import", elsewhere, file, "--level", described, "--name", "mine")
    assert code == 0
    assert f"names {len(known)} labelled structures, {len(known)} of them new" in output
    assert f"lacks the records of {len(end.clusters)} clusters among them" in output
    assert open_lake(elsewhere).keys("label") == sorted(known)


def test_a_level_that_nobody_knows_is_refused(finished, tmp_path):
    code, output = lake_verb("import", tmp_path / "l", "x.xyz", "--level", "PBE", "--name", "mine")
    assert code == 2
    assert "no level of theory is called 'PBE', only 'SevenNet-0 (teacher)'" in output
    assert "name a YAML file" in output
