import numpy as np

from storage import Record
from storage.links import Reference, owner, references

A, B, C, D = (letter * 64 for letter in "abcd")


def test_every_key_that_a_cycle_names_is_found():
    cycle = {
        "campaign": "tiny",
        "model": A,
        "batch": "",
        "evaluations": {"S_pr": B, "S_ld": C},
        "walks": [D],
        "clusters": [[A, B], [C, D]],
    }
    assert set(references(Record("cycle", A, cycle))) == {
        Reference("model", A),
        Reference("evaluation", B),
        Reference("evaluation", C),
        Reference("walk", D),
        Reference("label", A),
        Reference("cluster", B),
        Reference("label", C),
        Reference("cluster", D),
    }


def test_a_data_set_names_its_labels_and_clusters():
    arrays = {"labels": np.array([A, B]), "clusters": np.array(["", C])}
    found = list(references(Record("dataset", D, {}, arrays)))
    assert found == [Reference("label", A), Reference("label", B), Reference("cluster", C)]


def test_a_label_does_without_the_record_of_its_structure():
    (structure,) = references(Record("label", A, {"structure": B}))
    assert structure == Reference("structure", B)
    assert not structure.needed


def test_a_checkpoint_does_without_the_model_that_is_to_come():
    found = references(Record("checkpoint", A, {"model": B, "dataset": C, "parent": ""}))
    assert {r: r.needed for r in found} == {
        Reference("dataset", C): True,
        Reference("model", B): False,
    }


def test_kinds_that_nobody_knows_name_nothing():
    assert list(references(Record("thing", A, {"model": B}))) == []


def test_a_blob_belongs_to_the_record_whose_key_it_bears():
    assert owner(f"{A}.safetensors") == A
    assert owner(f"logs/{B}.txt") == B
    assert owner("log/note.txt") is None
