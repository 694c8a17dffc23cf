import json

import numpy as np
import pytest

from storage import CorruptObject, LakeError, MissingObject, Record, content_key
from storage.journal import Journal
from storage.records import encode


@pytest.fixture
def journal(lake) -> Journal:
    return Journal(lake.objects)


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


def test_kinds_are_those_with_records(journal, make_label):
    assert journal.kinds() == []
    journal.put(make_label(1))
    journal.put(Record("density", content_key("density", 1)))
    assert journal.kinds() == ["density", "label"]


def test_missing_and_misfit_records_are_named(lake, journal, make_label):
    label = make_label(1)
    with pytest.raises(MissingObject, match=label.key):
        journal.get("label", label.key)
    with pytest.raises(LakeError, match="lacks the metadata status"):
        journal.put(Record("label", content_key("label", 2), {"level": "x"}, label.arrays))
    journal.put(label)
    lake.objects.create(f"journal/label/{label.key[:2]}/{label.key}.bad", b"")
    assert journal.keys("label") == [label.key]


@pytest.mark.parametrize(
    "how",
    [
        lambda data: data[:-1000],
        lambda data: data[:500] + bytes([data[500] ^ 8]) + data[501:],
        lambda data: b"",
    ],
)
def test_a_damaged_record_is_named_and_made_anew(lake, journal, damage, make_label, how):
    label = make_label(1)
    journal.put(label)
    name = f"journal/label/{label.key[:2]}/{label.key}"
    damage(lake, name, how)
    with pytest.raises(CorruptObject, match=f"{name} is damaged.*run again"):
        journal.get("label", label.key)
    lake.objects.delete(name)
    assert journal.missing("label", [label.key]) == [label.key]
    assert journal.put(label)
    assert encode(journal.get("label", label.key)) == encode(label)


def test_writers_that_race_leave_one_record_per_key(lake, journal, finish):
    code = """
import os, sys
import numpy as np
from storage import Lake, Record, content_key
lake = Lake(sys.argv[1])
lake.objects.store  # found once, before the forks
gate, opened = os.pipe()
ready, say_ready = os.pipe()
for writer in range(6):
    if os.fork() == 0:
        os.close(opened)
        lake.keys("race")
        os.write(say_ready, b"r")
        os.read(gate, 1)
        for i in range(40):
            record = Record("race", content_key("race", i), {"writer": writer}, {"x": np.ones(99)})
            if lake.put(record):
                os.write(1, f"{i} {writer}\\n".encode())
        os._exit(0)
for writer in range(6):
    os.read(ready, 1)
os.close(opened)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
"""
    won = [tuple(map(int, line.split())) for line in finish(code, lake.url).splitlines()]
    assert sorted(i for i, _ in won) == list(range(40))
    for i, writer in won:
        assert journal.get("race", content_key("race", i)).metadata == {"writer": writer}


def test_killed_writers_tear_nothing_and_lose_nothing(lake, journal, finish):
    code = """
import json, os, random, signal, sys, time
import numpy as np
from storage import Lake, Record, content_key
lake = Lake(sys.argv[1])
lake.objects.store  # found once, before the forks
dice, acknowledged = random.Random(7), []
for life in range(8):
    read, write = os.pipe()
    writer = os.fork()
    if writer == 0:
        for i in range(10_000):
            record = Record("life", content_key("life", [life, i]), {}, {"x": np.full(50_000, i)})
            lake.put(record)
            os.write(write, f"{record.key}\\n".encode())
    os.close(write)
    with open(read) as pipe:
        acknowledged.append(pipe.readline().strip())
        time.sleep(dice.uniform(0.0, 0.05))
        os.kill(writer, signal.SIGKILL)
        os.wait()
        acknowledged += pipe.read().split()
print(json.dumps(acknowledged))
"""
    acknowledged = json.loads(finish(code, lake.url))
    assert len(acknowledged) >= 8
    kept = journal.keys("life")
    assert set(acknowledged) <= set(kept)
    assert len(kept) <= len(acknowledged) + 8
    for key in kept:
        x = journal.get("life", key).arrays["x"]
        assert len(x) == 50_000
        assert np.ptp(x) == 0
