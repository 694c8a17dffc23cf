import json
from pathlib import Path

import numpy as np
import pytest

from storage import CorruptObject, LakeError, MissingObject, Record, content_key
from storage.journal import Journal
from storage.local import LocalObjects
from storage.records import encode


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(LocalObjects(tmp_path))


def test_one_record_per_key(journal, make_label):
    label = make_label(1)
    assert not journal.has("label", label.key)
    assert journal.put(label)
    again = Record("label", label.key, {**label.metadata, "seconds": 99.0}, label.arrays)
    assert not journal.put(again)
    assert encode(journal.get("label", label.key)) == encode(label)
    assert journal.keys("label") == [label.key]
    assert journal.keys("walk") == []


def test_what_is_missing_is_the_work_to_do(journal, make_label):
    labels = [make_label(seed) for seed in range(6)]
    for label in labels[::2]:
        journal.put(label)
    wanted = [label.key for label in labels]
    assert journal.missing("label", [*wanted, *wanted]) == wanted[1::2]
    strangers = [content_key("label", f"stranger {i}") for i in range(600)]
    assert journal.missing("label", wanted + strangers) == wanted[1::2] + strangers
    with pytest.raises(MissingObject, match=f"3 label records.*{wanted[1]}"):
        journal.require("label", wanted)


def test_missing_damaged_and_misfit_records_are_named(tmp_path, journal, make_label):
    label = make_label(1)
    with pytest.raises(MissingObject, match=label.key):
        journal.get("label", label.key)
    journal.put(label)
    path = tmp_path / "journal/label" / label.key[:2] / label.key
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(CorruptObject, match=f"journal/label/{label.key[:2]}/{label.key}"):
        journal.get("label", label.key)
    with pytest.raises(LakeError, match="lacks the metadata status"):
        journal.put(Record("label", content_key("label", 2), {"level": "x"}, label.arrays))
    (path.parent / f"{label.key}.bad").write_bytes(b"")
    assert journal.keys("label") == [label.key]


def test_writers_that_race_leave_one_record_per_key(tmp_path, journal, finish):
    code = """
import os, sys
from pathlib import Path
import numpy as np
from storage import Record, content_key
from storage.journal import Journal
from storage.local import LocalObjects
journal = Journal(LocalObjects(Path(sys.argv[1])))
gate, opened = os.pipe()
for writer in range(6):
    if os.fork() == 0:
        os.close(opened)
        os.read(gate, 1)
        for i in range(40):
            record = Record("race", content_key("race", i), {"writer": writer}, {"x": np.ones(99)})
            if journal.put(record):
                os.write(1, f"{i} {writer}\\n".encode())
        os._exit(0)
os.close(opened)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
    won = [tuple(map(int, line.split())) for line in finish(code, tmp_path).splitlines()]
    assert sorted(i for i, _ in won) == list(range(40))
    assert len({writer for _, writer in won}) > 1
    for i, writer in won:
        assert journal.get("race", content_key("race", i)).metadata == {"writer": writer}


def test_killed_writers_tear_nothing_and_lose_nothing(tmp_path, journal, finish):
    code = """
import json, os, random, signal, sys, time
from pathlib import Path
import numpy as np
from storage import Record, content_key
from storage.journal import Journal
from storage.local import LocalObjects
journal = Journal(LocalObjects(Path(sys.argv[1])))
dice, acknowledged = random.Random(7), []
for life in range(25):
    read, write = os.pipe()
    writer = os.fork()
    if writer == 0:
        for i in range(10_000):
            record = Record("life", content_key("life", [life, i]), {}, {"x": np.full(50_000, i)})
            journal.put(record)
            os.write(write, f"{record.key}\\n".encode())
    os.close(write)
    time.sleep(dice.uniform(0.01, 0.1))
    os.kill(writer, signal.SIGKILL)
    os.wait()
    with open(read) as pipe:
        acknowledged += pipe.read().split()
print(json.dumps(acknowledged))
"""
    acknowledged = json.loads(finish(code, tmp_path))
    assert len(acknowledged) > 25
    kept = journal.keys("life")
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 25
    for key in kept:
        x = journal.get("life", key).arrays["x"]
        assert len(x) == 50_000
        assert np.ptp(x) == 0
