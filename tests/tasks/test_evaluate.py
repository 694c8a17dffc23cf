import numpy as np
import pytest

from nearsight.metrics import mae_pk, rmse
from nearsight.potentials import load
from tasks.evaluate import evaluation_origin
from tasks.ingest import members, read_label


def test_metrics_are_those_of_the_model_on_the_frames(finished):
    _, lake = finished
    record = lake.get("evaluation", lake.keys("evaluation")[0])
    potential = load(record.metadata["model"], lake)
    errors, shifts = [], []
    for name, _ in members(lake, record.metadata["test"]):
        atoms, label = read_label(lake, name)
        prediction = potential.evaluate(atoms)
        errors.append(1000 * (prediction.forces - label.forces))
        shifts.append(1000 * (prediction.energy - label.energy) / len(atoms))
    metrics = record.metadata["metrics"]
    assert metrics["mae_p95"] == pytest.approx(mae_pk(np.concatenate(errors), 95), rel=1e-3)
    assert metrics["rmse"] == pytest.approx(rmse(np.concatenate(errors)), rel=1e-3)
    assert metrics["delta_e_avg"] == pytest.approx(np.mean(shifts), abs=0.01)
    assert metrics["delta_e_std"] == pytest.approx(np.std(shifts), abs=0.01)


def test_the_key_of_an_evaluation_is_model_and_test_set():
    one, other = evaluation_origin("a" * 64, "b" * 64), evaluation_origin("b" * 64, "a" * 64)
    assert one.key != other.key
