import ase.io
import numpy as np
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

from nearsight.references import Label, reference
from tasks.errors import BadFile
from tasks.ingest import (
    dataset,
    elements,
    ingest,
    label_key,
    label_record,
    members,
    read_label,
    read_labelled,
    together,
)


@pytest.fixture
def file(tmp_path, crystals, level):
    frames = []
    for atoms in crystals:
        label = reference(level).label(atoms)
        frame = atoms.copy()
        frame.calc = SinglePointCalculator(
            frame, energy=label.energy, forces=label.forces, stress=label.stress
        )
        frame.info["level"] = level.name
        frames.append(frame)
    path = tmp_path / "frames.extxyz"
    ase.io.write(path, frames, format="extxyz")
    return path


def test_what_is_ingested_is_what_the_file_says(lake, file, level, crystals):
    keys = ingest(lake, file, level)
    for key, atoms in zip(keys, crystals, strict=True):
        expected = reference(level).label(atoms)
        read, label = read_label(lake, key)
        assert label.status == "converged"
        assert label.energy == pytest.approx(expected.energy, abs=1e-6)
        np.testing.assert_allclose(label.forces, expected.forces, atol=1e-6)
        np.testing.assert_allclose(label.stress, expected.stress, atol=1e-6)
        np.testing.assert_allclose(read.positions, atoms.positions, atol=1e-6)


def test_ingesting_again_adds_nothing(lake, file, level):
    assert ingest(lake, file, level) == ingest(lake, file, level)
    assert len(lake.keys("label")) == 3


def test_elements_of_a_data_set(lake, file, level):
    assert elements(lake, dataset(lake, ingest(lake, file, level))) == {"C", "O"}


def test_a_compressed_file_is_read_as_well(lake, file, level, tmp_path):
    ase.io.write(tmp_path / "frames.extxyz.xz", ase.io.read(file, ":"), format="extxyz")
    assert ingest(lake, tmp_path / "frames.extxyz.xz", level) == ingest(lake, file, level)


def test_labels_of_another_level_are_refused(lake, file, level):
    other = level.model_copy(update={"name": "PBE"})
    with pytest.raises(
        BadFile, match=r"frame 0: labelled with 'Morse', .* level of theory is 'PBE'"
    ):
        ingest(lake, file, other)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        ("", "no structures|cannot be read"),
        ("this is no structure\n", "cannot be read as extended XYZ"),
        ('1\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3\nH 0 0 0\n', "no energy"),
    ],
)
def test_unusable_files_are_refused(tmp_path, level, content, message):
    path = tmp_path / "bad.extxyz"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadFile, match=message):
        list(read_labelled(path, level))


@pytest.mark.parametrize("wrong", ["energy", "forces", "positions"])
def test_numbers_that_are_not_finite_are_refused_with_their_frame(file, level, wrong):
    """The lake refused them, too, but named a key where the user has frames."""
    frames = ase.io.read(file, ":")
    results = {name: np.array(value) for name, value in frames[1].calc.results.items()}
    (frames[1].positions if wrong == "positions" else results[wrong])[...] = np.nan
    frames[1].calc.results = results
    ase.io.write(file, frames, format="extxyz")
    with pytest.raises(BadFile, match="frame 1: holds numbers that are not finite"):
        list(read_labelled(file, level))


def test_a_failed_label_keeps_its_reason_and_no_numbers(lake, level, crystals):
    key = label_key(crystals[0], level)
    failed = Label("crashed", None, None, None, 1.5, "out of memory")
    lake.put(label_record(crystals[0], failed, level))
    _, label = read_label(lake, key)
    assert label == failed


def test_the_key_of_a_label_is_geometry_and_level(level, crystals):
    moved = crystals[0].copy()
    moved.positions[0, 0] += 0.01
    other = level.model_copy(update={"name": "PBE"})
    keys = {label_key(crystals[0], level), label_key(moved, level), label_key(crystals[0], other)}
    assert len(keys) == 3
    assert label_key(crystals[0].copy(), level) in keys


def test_a_data_set_is_the_same_in_any_order(lake, file, level):
    a, b, c = ingest(lake, file, level)
    key = dataset(lake, [a, b, c], ["c" * 64])
    assert key == dataset(lake, [b, a, c], ["c" * 64])
    assert sorted(members(lake, key)) == sorted([(a, ""), (b, ""), (c, "c" * 64)])
    assert key != dataset(lake, [a, b, c])
    assert members(lake, dataset(lake, [])) == []


def test_data_sets_together_hold_everything_once(lake):
    a, b, c, d, x, y = (letter * 64 for letter in "abcdef")
    sets = [dataset(lake, [a, b, c], [x]), dataset(lake, [a, d], [y])]
    held = members(lake, together(lake, sets))
    assert held == [(a, ""), (b, ""), (c, x), (d, y)]
    assert together(lake, sets[:1]) == sets[0]
