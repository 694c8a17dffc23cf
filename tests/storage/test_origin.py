import numpy as np

from storage import Record, content_key
from storage.origin import Origin, dataset_key, origin_of, rehash, told
from storage.records import decode, encode

WALK = Origin("walk", {"walk": {"temperature": 600.0}, "seed": 3}, ["a" * 64, "b" * 64])


def again(record):
    return decode(encode(record), record.key)


def test_a_record_keeps_what_its_key_was_made_of():
    record = again(WALK.record({"stop": "finished"}, {"times": np.arange(3.0)}))
    assert record.key == content_key("walk", WALK.spec, WALK.inputs)
    assert origin_of(record) == WALK
    assert rehash(record) == record.key
    assert told(record) == {"stop": "finished"}


def test_another_spec_does_not_make_its_key():
    record = WALK.record({})
    changed = {"origin": {**record.metadata["origin"], "spec": {"seed": 4}}}
    assert rehash(Record("walk", record.key, changed)) not in (None, record.key)


def test_a_record_of_an_older_nearsight_has_no_origin():
    old = Record("walk", "c" * 64, {"stop": "finished"})
    assert (origin_of(old), rehash(old), told(old)) == (None, None, {"stop": "finished"})


def test_structures_and_data_sets_are_their_own_origin(make_label):
    geometry = {
        name: make_label(1).arrays[name] for name in ("numbers", "positions", "cell", "pbc")
    }
    moved = {**geometry, "positions": geometry["positions"] + 1}
    one, other = (rehash(Record("structure", "a" * 64, {}, g)) for g in (geometry, moved))
    assert one != other
    pairs = {"labels": np.array(["d" * 64, "e" * 64]), "clusters": np.array(["", "f" * 64])}
    key = dataset_key(["d" * 64, "e" * 64], ["", "f" * 64])
    assert rehash(again(Record("dataset", key, {}, pairs))) == key
