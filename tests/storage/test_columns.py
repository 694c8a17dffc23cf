import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import Record, columns, content_key
from storage.columns import fold, rows


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


def test_chunks_are_a_few_megabytes_and_dimensions_are_named(make_label):
    root = zarr.group()
    fold(root, "label", [make_label(1)])
    forces = root["labels/forces"]
    assert 2e6 < np.prod(forces.chunks) * 8 < 6e6
    assert forces.metadata.dimension_names == ("atom", "xyz")
    assert root["labels/cell"].metadata.dimension_names == ("label", "row", "xyz")
    assert root["labels/atom_offsets"].metadata.dimension_names == ("label_edge",)


def test_nothing_to_fold_is_fine():
    root = zarr.group()
    fold(root, "label", [])
    assert rows(root, "label") == {}
    with pytest.raises(KeyError):
        root["labels/keys"]
