import ase.db
import ase.io
import numpy as np
import pytest
from ase import Atoms

from nearsight.blocks import Cluster
from nearsight.references import Label, reference
from storage import MissingObject
from storage.origin import Origin
from tasks.errors import BadFile
from tasks.export import export
from tasks.imports import import_labelled
from tasks.ingest import dataset, label_key, label_record, read_label

TAG = "tiny/cycle-001"


@pytest.fixture
def cluster():
    """A molecule whose coordinates end where 8 decimals would round them another way."""
    atoms = Atoms("HOH", [[0, 0, 0], [1 + 4.99999996e-7, 0, 0], [1 / 3, 1, 2]])
    core, caps = np.array([True, False, False]), np.array([False, False, True])
    return Cluster(atoms, core, ~core & ~caps, caps, np.array([3, 5, -1]))


@pytest.fixture
def held(lake, level, crystals, cluster):
    """Keys of the labels of two crystals and a cluster, in a snapshot beside a failed one."""
    for atoms in (*crystals[:2], cluster.atoms):
        lake.put(label_record(atoms, reference(level).label(atoms), level))
    failed = Label("crashed", None, None, None, 1.5, "out of memory")
    lake.put(label_record(crystals[2], failed, level))
    masks = {name: getattr(cluster, name) for name in ("core", "mantle", "caps", "parent_indices")}
    geometry = {"numbers": cluster.atoms.numbers, "positions": cluster.atoms.positions}
    told = {"system": "S_ld", "frame": 3, "core_block": 1, "fingerprint": "f", "formula": "H2O"}
    record = Origin("cluster", {"frame": 3}).record(told, geometry | masks)
    lake.put(record)
    keys = [label_key(a, level) for a in (crystals[0], crystals[1], cluster.atoms)]
    data = dataset(lake, keys, [record.key])
    failed_key = label_key(crystals[2], level)
    members = {"label": [*keys, failed_key], "cluster": [record.key], "dataset": [data]}
    lake.commit(TAG, members)
    return keys


@pytest.mark.parametrize("name", ["all.extxyz", "all.xyz", "all.extxyz.xz", "all.xyz.gz"])
def test_extended_xyz_holds_what_the_lake_does(lake, held, tmp_path, name):
    assert export(lake, TAG, tmp_path / name) == {"converged": 3, "crashed": 1}
    frames = ase.io.read(tmp_path / name, ":", format="extxyz")
    assert [frame.info["label"] for frame in frames] == held
    for frame in frames:
        atoms, label = read_label(lake, frame.info["label"])
        assert frame.get_potential_energy() == label.energy
        np.testing.assert_array_equal(frame.get_forces(), label.forces)
        np.testing.assert_array_equal(frame.positions, atoms.positions)
        assert frame.pbc.tolist() == atoms.pbc.tolist()
        assert (frame.info["level"], frame.info["status"]) == ("Morse", "converged")
        if atoms.pbc.all():
            np.testing.assert_array_equal(frame.cell.array, atoms.cell.array)
            np.testing.assert_array_equal(frame.get_stress(voigt=False), label.stress)
    assert frames[-1].info["system"] == "S_ld"
    masks = {mask: frames[-1].arrays[mask].tolist() for mask in ("core", "mantle", "caps")}
    assert masks == {
        "core": [True, False, False],
        "mantle": [False, True, False],
        "caps": [False, False, True],
    }
    assert "core" not in frames[0].arrays


def test_an_ase_database_holds_what_the_lake_does(lake, held, tmp_path):
    assert export(lake, TAG, tmp_path / "all.db")["converged"] == 3
    with ase.db.connect(tmp_path / "all.db") as database:
        rows = list(database.select(level="Morse", status="converged"))
        assert [row.label for row in rows] == held
        for row in rows:
            atoms, label = read_label(lake, row.label)
            assert row.energy == label.energy
            np.testing.assert_array_equal(row.forces, label.forces)
            np.testing.assert_array_equal(row.positions, atoms.positions)
        (cluster,) = database.select(system="S_ld")
        assert cluster.data["core"].tolist() == [True, False, False]


def test_export_and_import_change_no_key(lake, held, level, tmp_path):
    before = {kind: lake.keys(kind) for kind in lake.kinds()}
    export(lake, TAG, tmp_path / "all.extxyz")
    came = import_labelled(lake, tmp_path / "all.extxyz", level, "mine")
    assert (came.labels, came.new, came.whole) == (3, 0, 0)
    assert {kind: lake.keys(kind) for kind in lake.kinds()} == before
    export(lake, "imports/mine", tmp_path / "again.extxyz")
    assert (tmp_path / "again.extxyz").read_text() == (tmp_path / "all.extxyz").read_text()


def test_a_file_is_not_written_over(lake, held, tmp_path):
    (tmp_path / "all.extxyz").write_text("mine")
    with pytest.raises(BadFile, match=r"there is a file .*all\.extxyz already"):
        export(lake, TAG, tmp_path / "all.extxyz")
    assert (tmp_path / "all.extxyz").read_text() == "mine"


def test_a_name_must_say_what_to_write(lake, held, tmp_path):
    with pytest.raises(BadFile, match=r"end it with .extxyz or .xyz"):
        export(lake, TAG, tmp_path / "all.csv")


def test_what_fails_leaves_no_file(lake, held, tmp_path):
    lake.objects.delete(f"journal/label/{held[-1][:2]}/{held[-1]}")
    with pytest.raises(MissingObject):
        export(lake, TAG, tmp_path / "all.extxyz")
    assert not list(tmp_path.glob("*all*"))
