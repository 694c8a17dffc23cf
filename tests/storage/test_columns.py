import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Record, columns, content_key
from storage.columns import fold, rows
from storage.keys import SCHEMA_VERSION
from storage.records import FORMAT_VERSION
from storage.schemas import SCHEMAS, Schema


def walk(frames: int, atoms: int, seed: int) -> Record:
    rng = np.random.default_rng(seed)
    arrays = {
        "numbers": rng.integers(1, 40, atoms),
        "positions": rng.normal(size=(frames, atoms, 3)),
        "cells": rng.normal(size=(frames, 3, 3)),
        "times": np.arange(frames) * 10.0,
        "energies": rng.normal(size=frames),
        "temperatures": rng.normal(size=frames),
    }
    metadata = {"stop": "finished", "pressure": 0.5, "system": {"variant": "ld"}}
    return Record("walk", content_key("walk", [frames, atoms, seed]), metadata, arrays)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=5))
def test_ragged_records_come_back(shapes):
    walks = [walk(frames, atoms, seed) for seed, (frames, atoms) in enumerate(shapes)]
    root = zarr.group()
    fold(root, "walk", walks[:2])
    fold(root, "walk", walks[2:])
    assert rows(root, "walk") == {record.key: row for row, record in enumerate(walks)}
    group = root["walks"]
    atom, frame = group["atom_offsets"][:], group["frame_offsets"][:]
    both = group["frame_atom_offsets"][:]
    for i, record in enumerate(walks):
        arrays = record.arrays
        np.testing.assert_array_equal(group["numbers"][atom[i] : atom[i + 1]], arrays["numbers"])
        np.testing.assert_array_equal(group["cells"][frame[i] : frame[i + 1]], arrays["cells"])
        flat = group["positions"][both[i] : both[i + 1]]
        np.testing.assert_array_equal(flat.reshape(arrays["positions"].shape), arrays["positions"])
    assert list(group["system"][:]) == ['{"variant":"ld"}'] * len(walks)


def test_failed_labels_are_masked_and_hold_no_nan(make_label):
    root = zarr.group()
    fold(root, "label", [make_label(1), make_label(2, n=2, status="crashed"), make_label(3)])
    group = root["labels"]
    assert list(group["status"][:]) == ["converged", "crashed", "converged"]
    assert list(group["has_energy"][:]) == list(group["has_forces"][:]) == [True, False, True]
    assert not group["has_stress"][:].any()
    assert list(group["atom_offsets"][:]) == [0, 4, 6, 10]
    assert not group["forces"][4:6].any()
    assert np.isfinite(group["forces"][:]).all()
    np.testing.assert_array_equal(group["forces"][6:], make_label(3).arrays["forces"])


def test_text_of_any_number_and_kinds_without_columns():
    root = zarr.group()
    members = [content_key("label", i) for i in range(3)]
    lists = {"labels": np.array(members), "clusters": np.array(members)}
    dataset = Record("dataset", content_key("dataset", 0), {}, lists)
    fold(root, "dataset", [dataset])
    assert list(root["datasets/labels"][:]) == members
    assert list(root["datasets/member_offsets"][:]) == [0, 3]
    fold(root, "density", [Record("density", content_key("density", 0), {"components": 3})])
    assert list(root["density/metadata"][:]) == ['{"components":3}']


def test_batches_make_the_same_columns(make_label, monkeypatch):
    labels = [make_label(seed, n=seed + 1) for seed in range(7)]
    whole, parts = zarr.group(), zarr.group()
    fold(whole, "label", labels)
    monkeypatch.setattr(columns, "_BATCH_BYTES", 1)
    fold(parts, "label", labels)
    for name, array in whole["labels"].arrays():
        np.testing.assert_array_equal(array[:], parts["labels"][name][:])


def test_groups_name_their_kind_and_versions_and_arrays_their_units(make_label):
    root = zarr.group()
    fold(root, "label", [make_label(1)])
    versions = {"kind": "label", "format": FORMAT_VERSION, "schema": SCHEMA_VERSION}
    assert dict(root["labels"].attrs) == versions
    units = {name: array.attrs.get("units") for name, array in root["labels"].arrays()}
    assert (units["positions"], units["energy"], units["forces"]) == ("Å", "eV", "eV/Å")
    assert units["numbers"] is None


def test_dimensions_are_named_and_share_chunks_of_a_few_megabytes():
    root = zarr.group()
    fold(root, "walk", [walk(2, 3, seed=0)])
    found = dict(root["walks"].arrays())
    names = {name: array.metadata.dimension_names for name, array in found.items()}
    assert names["positions"] == ("frame_atom", "xyz")
    assert names["cells"] == ("frame", "row", "xyz")
    assert names["atom_offsets"] == ("walk_edge",)
    assert names["pressure"] == names["keys"] == ("walk",)
    assert 2e6 < np.prod(found["positions"].chunks) * 8 < 6e6
    chunks = {(names[name][0], array.chunks[0]) for name, array in found.items()}
    assert len(chunks) == len({dimension for dimension, _ in chunks})


def test_compression_pays_and_loses_nothing():
    rng = np.random.default_rng(0)
    atoms = 20_000
    single = rng.normal(size=(atoms, 3)).astype(np.float32)
    arrays = {
        "numbers": np.tile([40, 8, 8, 6, 1], atoms // 5),
        "positions": rng.uniform(0, 20, size=(atoms, 3)),
        "cell": np.eye(3) * 20.7,
        "pbc": np.ones(3, bool),
        "energy": np.array(-1.0),
        "forces": single.astype(float),
    }
    metadata = {"level": "teacher", "status": "converged"}
    root = zarr.group()
    fold(root, "label", [Record("label", content_key("label", 0), metadata, arrays)])
    shares = {n: root["labels"][n].nbytes_stored() / arrays[n].nbytes for n in arrays}
    assert shares["numbers"] < 0.01
    assert shares["forces"] < 0.5
    assert shares["positions"] < 0.95
    np.testing.assert_array_equal(root["labels/forces"][:], single)


def test_what_an_older_version_began_is_continued_as_it_is(make_label):
    labels = [make_label(seed) for seed in range(4)]
    root = zarr.group()
    shape, name = {"shape": (0, 3), "chunks": (7, 3), "dtype": "float64"}, "labels/positions"
    root.create_array(name, **shape, compressors=None, dimension_names=("atom", "xyz"))
    fold(root, "label", labels[:3])
    fold(root, "label", labels[3:])
    assert (root[name].chunks, root[name].compressors) == ((7, 3), ())
    positions = np.concatenate([label.arrays["positions"] for label in labels])
    np.testing.assert_array_equal(root[name][:], positions)


def test_a_column_is_blank_in_rows_that_are_older(make_label, monkeypatch):
    first, second = make_label(1, n=2), make_label(2, n=3)
    now = SCHEMAS["label"]
    young = ("forces", "energy", "seconds", "message")
    before = {name: column for name, column in now.columns.items() if name not in young}
    monkeypatch.setitem(SCHEMAS, "label", Schema("labels", before))
    root = zarr.group()
    fold(root, "label", [first])
    monkeypatch.setitem(SCHEMAS, "label", now)
    fold(root, "label", [second])
    group = root["labels"]
    for name in ("energy", "forces", "seconds"):
        assert list(group[f"has_{name}"][:]) == [False, True]
    assert list(group["energy"][:]) == [0.0, -2.0]
    assert list(group["message"][:]) == ["", ""]
    assert not group["forces"][:2].any()
    np.testing.assert_array_equal(group["forces"][2:], second.arrays["forces"])
    offsets = group["atom_offsets"][:]
    np.testing.assert_array_equal(group["positions"][: offsets[1]], first.arrays["positions"])


def test_nothing_to_fold_is_fine():
    root = zarr.group()
    fold(root, "label", [])
    assert rows(root, "label") == {}
    with pytest.raises(KeyError):
        root["labels/keys"]
