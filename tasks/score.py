"""Score: which atoms of a walk has the model never seen? (paper, Section 2.3)"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from nearsight.potentials import load
from nearsight.uncertainty import DensitySpec, density_from
from nearsight.uncertainty import density as density_of
from nearsight.uncertainty.elements import PerElement
from storage import Lake
from storage.origin import Origin, origin_of
from tasks.explore import read_walk
from tasks.ingest import members, read_label
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb


def density_origin(model: str, dataset: str, spec: DensitySpec) -> Origin:
    """What a density is made of: the model whose features it is over, the data, the spec."""
    return Origin("density", spec.model_dump(mode="json"), [model, dataset])


def known(lake: Lake, label: str, cluster: str) -> np.ndarray:
    """Mask of the atoms of a labelled structure whose environments a data set vouches for.

    Every atom of a crystal; of a cluster its core alone, since mantle and caps do not match any
    bulk environment (paper, Section 2.4).
    """
    if cluster:
        return lake.get("cluster", cluster).arrays["core"]
    return np.ones(len(lake.get("label", label).arrays["numbers"]), dtype=bool)


def fit_density(lake: Lake, key: str, model: str, dataset: str, spec: DensitySpec) -> None:
    """Fit the density of a data set's environments in the model's feature space."""
    start = time.monotonic()
    potential, tell = load(model, lake), reporter(key)
    pairs = members(lake, dataset)
    features, numbers = [], []
    frames = [read_label(lake, label)[0] for label, _ in pairs]
    for i, described in enumerate(potential.features_many(frames)):
        mask = known(lake, *pairs[i])
        features.append(described[mask])
        numbers.append(frames[i].numbers[mask])
        tell(0.8 * (i + 1) / len(pairs))
    density = density_of(spec).fit(np.concatenate(features), np.concatenate(numbers))
    metadata = {"model": model, "dataset": dataset, "seconds": time.monotonic() - start}
    lake.put(density_origin(model, dataset, spec).record(metadata, density.to_arrays()))


def read_density(lake: Lake, key: str) -> PerElement[Any, Any]:
    """A density by its key."""
    record = lake.get("density", key)
    origin = origin_of(record)
    return density_from(record.arrays, {} if origin is None else origin.spec)


def score_origin(walk: str, density: str) -> Origin:
    """What a walk's scores are made of."""
    return Origin("scores", {}, [walk, density])


def score_walk(lake: Lake, key: str, walk: str, density: str) -> None:
    """Surprise of every atom in every frame of a walk."""
    start = time.monotonic()
    fitted, model = read_density(lake, density), lake.get("density", density).metadata["model"]
    potential = load(model, lake)
    trajectory, tell = read_walk(lake, walk), reporter(key)
    described, likelihood, surprise = [], [], []
    frames = (trajectory.frame(i) for i in range(len(trajectory)))
    for i, features in enumerate(potential.features_many(frames)):
        described.append(features.astype(np.float32))
        likelihood.append(fitted.log_likelihood(features, trajectory.numbers))
        surprise.append(fitted.surprise_at(likelihood[-1], trajectory.numbers))
        tell((i + 1) / len(trajectory))
    arrays: dict[str, np.ndarray] = {
        "frames": np.arange(len(trajectory)),
        "log_likelihood": np.array(likelihood),
        "surprise": np.array(surprise),
        "features": np.array(described),
    }
    metadata = {
        "walk": walk,
        "density": density,
        "model": model,
        "seconds": time.monotonic() - start,
    }
    lake.put(score_origin(walk, density).record(metadata, arrays))


@verb(name="fit density", task_run_name="fit density {work.title}")
def fit(work: Workplace, model: str, dataset: str, spec: DensitySpec) -> str:
    """Density of the training environments; the key of its record."""
    key = density_origin(model, dataset, spec).key
    pieces = [Piece("density", key, fit_density, (model, dataset, spec))]
    return done(key, work.finish("fit density", "cpu", pieces))


@verb(name="score", task_run_name="score {work.title}")
def score(work: Workplace, walks: list[str], density: str) -> list[str]:
    """Scores of a cycle's walks; the keys of their records."""
    keys = [score_origin(walk, density).key for walk in walks]
    pieces = [
        Piece("scores", key, score_walk, (walk, density))
        for key, walk in zip(keys, walks, strict=True)
    ]
    return done(keys, work.finish("score", "cpu", pieces))
