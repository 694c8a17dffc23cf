"""Evaluate: errors of a model on labelled test sets (paper, Section 3, Error Metrics)."""

from __future__ import annotations

import time

import numpy as np

from nearsight.metrics import energy_shift, mae_pk, rmse
from nearsight.potentials import load
from storage import Lake
from storage.origin import Origin
from tasks.ingest import members, read_label
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb


def evaluation_origin(model: str, test: str) -> Origin:
    """What a model's errors on a test set are made of."""
    return Origin("evaluation", {}, [model, test])


def evaluate_model(lake: Lake, key: str, model: str, test: str) -> None:
    """Errors of a model on a test set, in meV/Å and meV/atom.

    The record's arrays, over the atoms of all frames end to end: `predicted` and `reference`
    (n_total, 3) in eV/Å, `features` (n_total, n_features), `numbers` (n_total,); over the frames:
    `offsets` (n_frames + 1,) and `delta_e` (n_frames,) in eV/atom.
    """
    start = time.monotonic()
    potential, tell = load(model, lake), reporter(key)
    labels = [label for label, _ in members(lake, test)]
    predicted, reference, features, numbers, delta_e, offsets = [], [], [], [], [], [0]
    read = [read_label(lake, name) for name in labels]
    told = potential.evaluate_many(atoms for atoms, _ in read)
    for i, ((atoms, label), prediction) in enumerate(zip(read, told, strict=True)):
        assert label.forces is not None
        assert label.energy is not None
        predicted.append(prediction.forces)
        reference.append(label.forces)
        features.append(prediction.features)
        numbers.append(atoms.numbers)
        delta_e.append((prediction.energy - label.energy) / len(atoms))
        offsets.append(offsets[-1] + len(atoms))
        tell((i + 1) / len(labels))
    forces, truth = np.concatenate(predicted), np.concatenate(reference)
    errors = 1000 * (forces - truth)
    average, spread = energy_shift(1000 * np.array(delta_e))
    metadata = {
        "model": model,
        "test": test,
        "frames": len(labels),
        "seconds": time.monotonic() - start,
        "metrics": {
            "mae_p95": mae_pk(errors, 95),
            "rmse": rmse(errors),
            "delta_e_avg": average,
            "delta_e_std": spread,
        },
    }
    arrays = {
        "predicted": forces.astype(np.float32),
        "reference": truth.astype(np.float32),
        "features": np.concatenate(features).astype(np.float32),
        "numbers": np.concatenate(numbers),
        "offsets": np.array(offsets),
        "delta_e": np.array(delta_e),
    }
    lake.put(evaluation_origin(model, test).record(metadata, arrays))


@verb(name="evaluate", task_run_name="evaluate {work.title} on test sets")
def evaluate(work: Workplace, model: str, tests: dict[str, str]) -> dict[str, str]:
    """Evaluate a model on every test set; evaluation key by test set name."""
    keys = {name: evaluation_origin(model, test).key for name, test in tests.items()}
    pieces = [
        Piece("evaluation", keys[name], evaluate_model, (model, test))
        for name, test in tests.items()
    ]
    return done(keys, work.finish("evaluate", "cpu", pieces))
