"""A small lake with clusters, labelled at no cost, and a small network to study."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import ase.io
import pytest
from ase.calculators.singlepoint import SinglePointCalculator
from cheap import MORSE
from studies import TAG

from nearsight.blocks import cut, partition
from nearsight.potentials import Architecture, TrainingSpec, train
from nearsight.references import reference
from nearsight.systems import System, build
from storage import open_lake
from storage.origin import Origin
from tasks.extract import cluster_arrays
from tasks.ingest import dataset, label_record


@dataclass(frozen=True)
class Small:
    """Where everything is."""

    lake: Path
    model: Path
    pristine: Path
    defect: Path


def frames(variant, count):
    """Rattled structures, labelled."""
    found = []
    for seed in range(count):
        atoms = build(System(variant=variant))
        atoms.rattle(0.05, seed=seed)
        told = reference(MORSE).label(atoms)
        atoms.info["level"] = MORSE.name
        results = {"energy": told.energy, "forces": told.forces}
        atoms.calc = SinglePointCalculator(atoms, **results)
        found.append((atoms, told))
    return found


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    sets = {name: frames(variant, 3) for name, variant in (("pristine", "pr"), ("defect", "ld"))}
    for name, labelled in sets.items():
        ase.io.write(folder / f"{name}.extxyz", [atoms for atoms, _ in labelled], format="extxyz")
    network = Architecture(num_layers=1, num_features=(4, 2), radial_mlp_width=4, r_max=3.0)
    trained = train(sets["pristine"], network, TrainingSpec(epochs=1))
    trained.potential.save(folder / "model.safetensors")

    lake = open_lake(folder / "lake")
    start = build(System(variant="ld"))
    blocks = partition(start)
    clusters, labels = [], []
    for number, (frame, _) in enumerate(sets["defect"]):
        cluster = cut(frame, blocks, blocks.kinds.index("brick"))
        told = {"system": "S_ld", "frame": number}
        clusters.append(Origin("cluster", told).record(told, cluster_arrays(cluster)))
        labels.append(label_record(cluster.atoms, reference(MORSE).label(cluster.atoms), MORSE))
    for record in (*clusters, *labels):
        lake.put(record)
    keys = [[record.key for record in records] for records in (labels, clusters)]
    data = dataset(lake, *keys)
    lake.commit(TAG, {"label": keys[0], "cluster": keys[1], "dataset": [data]}, {"dataset": data})
    return Small(
        folder / "lake",
        folder / "model.safetensors",
        folder / "pristine.extxyz",
        folder / "defect.extxyz",
    )


@pytest.fixture
def small(made, tmp_path):
    """A copy of the lake for every test."""
    shutil.copytree(made.lake, tmp_path / "lake")
    return Small(tmp_path / "lake", made.model, made.pristine, made.defect)


@pytest.fixture
def options(small, tmp_path):
    """What every study is told."""
    here = {"workers": 0}
    return {
        "lake": str(small.lake),
        "file": tmp_path / "out" / "found.json",
        "level": MORSE.model_dump(),
        "site": {"md": here, "qm": here, "train": here, "cpu": here},
    }


@pytest.fixture
def nothing_new(small):
    """Whether the lake holds the same records as when this was last called."""
    lake = open_lake(small.lake)
    before = {}

    def same():
        now = {kind: sorted(lake.keys(kind)) for kind in lake.kinds()}
        found = now == before
        before.clear()
        before.update(now)
        return found

    return same
