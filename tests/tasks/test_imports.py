import ase.io
import pytest
from ase.calculators.singlepoint import SinglePointCalculator

from nearsight.references import Label, reference
from storage import LakeError
from tasks.errors import BadFile
from tasks.imports import import_labelled
from tasks.ingest import label_key, label_record, members


@pytest.fixture
def write(tmp_path, crystals, level):
    """Write some of the crystals, labelled, and perhaps more in their `info`; the file."""

    def make(*which, **info):
        frames = []
        for i in which:
            frame = crystals[i].copy()
            label = reference(level).label(frame)
            frame.calc = SinglePointCalculator(frame, energy=label.energy, forces=label.forces)
            frame.info = {"system": "CO2", **info}
            frames.append(frame)
        path = tmp_path / "frames.extxyz"
        ase.io.write(path, frames, format="extxyz")
        return path

    return make


def test_a_file_becomes_labels_and_a_data_set_under_a_tag(lake, write, level):
    came = import_labelled(lake, write(0, 1, 1), level, "mine")
    assert (came.tag, came.labels, came.new, came.whole) == ("imports/mine", 2, 2, 0)
    labels = [label for label, _ in members(lake, came.dataset)]
    assert sorted(labels) == lake.keys("label")
    assert lake.get("label", labels[0]).metadata["system"] == "CO2"
    (entry,) = lake.history()
    assert (entry.tag, entry.metadata["level"]["name"]) == ("imports/mine", "Morse")
    assert lake.open("imports/mine")["labels/keys"].shape == (2,)


def test_importing_again_changes_nothing(lake, write, level):
    once = import_labelled(lake, write(0, 1), level, "mine")
    again = import_labelled(lake, write(0, 1), level, "mine")
    assert (again.dataset, again.new) == (once.dataset, 0)
    assert len(lake.tags()) == 1


def test_another_import_of_the_same_name_is_refused(lake, write, level):
    import_labelled(lake, write(0), level, "mine")
    with pytest.raises(LakeError, match="holds another import 'mine': choose another name"):
        import_labelled(lake, write(1), level, "mine")


def test_clusters_that_the_lake_does_not_know_are_counted(lake, write, level):
    came = import_labelled(lake, write(0, 1, cluster="c" * 64), level, "mine")
    assert (came.labels, came.whole) == (2, 2)
    assert {cluster for _, cluster in members(lake, came.dataset)} == {""}


def test_another_level_is_refused(lake, write, level):
    with pytest.raises(BadFile, match="the level of theory is 'Morse'"):
        import_labelled(lake, write(0, level="PBE"), level, "mine")


def test_a_label_that_failed_here_is_named(lake, write, level, crystals):
    file = write(0)
    (atoms,) = ase.io.read(file, ":")
    lake.put(label_record(atoms, Label("crashed", None, None, None, 1.0, "no memory"), level))
    key = label_key(atoms, level)
    with pytest.raises(LakeError, match=f"label {key} is crashed .* delete journal/label/"):
        import_labelled(lake, file, level, "mine")
