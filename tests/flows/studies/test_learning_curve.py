import ase.io
import numpy as np
import pytest
from studies import TAG, written

import tasks.train
from flows.parameters import BadParameters
from flows.studies.learning_curve import LearningCurve, learning_curve
from nearsight.metrics import mae_pk
from nearsight.potentials import load
from storage import open_lake
from tasks.ingest import members, read_labelled


@pytest.fixture
def spec(options, small):
    return LearningCurve(
        **options,
        start={"file": small.model},
        training=small.pristine,
        replay=2,
        schedule={"epochs": 1, "validation_fraction": 0.3},
        curves={
            "S_ld": {
                "clusters": TAG,
                "system": "S_ld",
                "test": small.defect,
                "periodic": {"file": small.model},
                "crystals": small.defect,
            }
        },
        sizes=(0, 1, 3),
        draws=2,
    )


class Trainings:
    """Real trainings, counted: keys of the models that were `made`; no more than `most` begin."""

    def __init__(self):
        self.made, self.most = [], 99
        self.train_model = tasks.train.train_model

    def __call__(self, lake, key, *arguments):
        if len(self.made) >= self.most:
            raise MemoryError("killed")
        self.train_model(lake, key, *arguments)
        self.made.append(key)


@pytest.fixture
def trainings(monkeypatch):
    counted = Trainings()
    monkeypatch.setattr(tasks.train, "train_model", counted)
    return counted


def test_a_curve_that_is_interrupted_trains_the_rest_only(prefect, spec, small, trainings):
    trainings.most = 2
    with pytest.raises(MemoryError, match="killed"):
        learning_curve(spec)
    assert len(trainings.made) == 2
    trainings.most = 99
    found = learning_curve(spec)
    assert len(trainings.made) == len(set(trainings.made)) == 4
    learning_curve(spec)
    assert len(trainings.made) == 4

    told = written(spec.file)["curves"]["S_ld"]
    assert told["sizes"] == [0, 1, 3]
    assert np.shape(told["mae_p95"]) == (3, 2)
    assert told["mae_p95"][0] == [told["periodic"]] * 2
    sizes = [len(atoms) for atoms, _ in read_labelled(small.defect, spec.level)]
    assert told["labels"]["crystals"]["dft"] == pytest.approx(sum((n / 100) ** 3 for n in sizes))
    assert 0 < told["labels"]["a cluster"]["dft"] < (min(sizes) / 100) ** 3
    assert told["labels"]["a cluster"]["seconds"] > 0
    lake = open_lake(small.lake)
    largest = told["models"][2]
    assert largest[0] != largest[1]  # all clusters both times, but other seeds
    sizes = [
        sum(bool(cluster) for _, cluster in members(lake, lake.get("model", k).metadata["dataset"]))
        for k in told["models"][1] + largest
    ]
    assert sizes == [1, 1, 3, 3]
    model = load(largest[0], lake)
    wrong = [
        1000 * (model.evaluate(atoms).forces - label.forces)
        for atoms, label in read_labelled(small.defect, spec.level)
    ]
    assert told["mae_p95"][2][0] == pytest.approx(mae_pk(wrong, 95), rel=1e-4)
    assert [row["clusters"] for row in found.rows] == ["0", "1", "3", "periodic"]


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        ({"clusters": TAG}, "holds 3 clusters, fewer than 9"),
        ({"clusters": TAG, "system": "S_hf"}, "no clusters of S_hf; there are clusters of: S_ld"),
        ({"clusters": "mine/cycle-007"}, "no snapshot 'mine/cycle-007', only mine/cycle-001"),
    ],
)
def test_clusters_that_are_not_there_are_refused(prefect, spec, curve, why, trainings):
    told = spec.model_dump() | {"sizes": (0, 9)}
    told["curves"] = {"S_ld": curve | {"test": spec.curves["S_ld"].test}}
    with pytest.raises(BadParameters, match=why):
        learning_curve(LearningCurve.model_validate(told))
    assert not trainings.made


def test_a_periodic_model_knows_its_test_set(prefect, spec, tmp_path, trainings):
    """One that did not was found out after all trainings, and left a NaN in the JSON."""
    hafnium = ase.io.read(spec.curves["S_ld"].test)
    hafnium.symbols[hafnium.symbols.search("Zr")] = "Hf"
    ase.io.write(tmp_path / "hf.extxyz", hafnium, format="extxyz")
    curve = spec.curves["S_ld"].model_copy(update={"test": tmp_path / "hf.extxyz"})
    with pytest.raises(BadParameters, match=r"curves\.S_ld\.periodic knows no Hf, which curves"):
        learning_curve(spec.model_copy(update={"curves": {"S_ld": curve}}))
    assert not trainings.made


def test_sizes_grow(spec):
    with pytest.raises(ValueError, match="do not grow"):
        LearningCurve.model_validate(spec.model_dump() | {"sizes": (5, 1)})
