"""Train: a potential on a data set, warm-started from its parent."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from nearsight.potentials import Architecture, RegionWeights, TrainingSpec, load, model_blob
from nearsight.potentials import train as train_potential
from nearsight.potentials.loss import FORCE_WEIGHT_KEY
from nearsight.references import Label
from storage import Lake
from storage.origin import Origin
from tasks.checkpoints import LakeCheckpoints
from tasks.errors import BadFile
from tasks.ingest import members, read_label
from tasks.progress import reporter
from tasks.workplace import Piece, Workplace, done, verb

if TYPE_CHECKING:
    from nearsight.potentials import NequIP


def model_origin(
    architecture: Architecture, spec: TrainingSpec, dataset: str, parent: str | None
) -> Origin:
    """What a model is made of: architecture (its parent's, if any), training spec, set, parent."""
    options = {"training": spec.model_dump(mode="json", exclude=set(spec.OPERATIONAL))}
    if parent is None:
        options["architecture"] = architecture.model_dump(mode="json")
    return Origin("model", options, [dataset, parent or ""])


def put_model(
    lake: Lake,
    origin: Origin,
    potential: NequIP,
    metadata: dict[str, object],
    curves: dict[str, np.ndarray],
) -> None:
    """Leave a model in the lake: its package first, then the record that vouches for it.

    The record says what the model is made of, and the reference energies (eV) that it came to.
    """
    lake.put_blob(model_blob(origin.key), potential.to_bytes())
    made = {
        "architecture": potential.architecture.model_dump(mode="json"),
        "reference_energies": potential.norm.reference_energies,
    }
    lake.put(origin.record(made | metadata, curves))


def learnable(lake: Lake, label: str, cluster: str, weights: RegionWeights) -> tuple[Atoms, Label]:
    """What a model learns of a labelled structure, the forces in a cluster weighed by region."""
    atoms, told = read_label(lake, label)
    if cluster:
        masks = lake.get("cluster", cluster).arrays
        weight = sum(value * masks[region] for region, value in weights)
        atoms.set_array(FORCE_WEIGHT_KEY, weight)
    return atoms, told


def train_model(
    lake: Lake,
    key: str,
    architecture: Architecture,
    spec: TrainingSpec,
    dataset: str,
    parent: str | None,
) -> None:
    """Train on a data set, or go on with it, and leave the model in the lake."""
    checkpoints = LakeCheckpoints(lake, key, spec.epochs, dataset, parent or "")
    frames = [
        learnable(lake, label, cluster, spec.region_weights)
        for label, cluster in members(lake, dataset)
    ]
    trained = train_potential(
        frames,
        architecture,
        spec,
        parent=None if parent is None else load(parent, lake),
        progress=reporter(key),
        checkpoints=checkpoints,
    )
    metadata = {
        "training": spec.model_dump(mode="json"),
        "dataset": dataset,
        "parent": parent or "",
        "frames": len(frames),
        "seconds": checkpoints.seconds,
    }
    curves = {
        "training_loss": np.array(trained.training_loss),
        "validation_loss": np.array(trained.validation_loss),
    }
    origin = model_origin(architecture, spec, dataset, parent)
    put_model(lake, origin, trained.potential, metadata, curves)


def adopt(lake: Lake, path: Path, dataset: str) -> str:
    """Put a model file into the lake as the model that a campaign starts from; its key.

    Raises
    ------
    BadFile
        If the file is missing or no Nearsight model.
    """
    try:
        potential = load(path)
    except (OSError, ValueError) as error:
        raise BadFile(f"{path} cannot be read as a model: {error}") from error
    package = hashlib.sha256(potential.to_bytes()).hexdigest()
    origin = Origin("model", {"package": package}, [dataset])
    if not lake.has("model", origin.key):
        metadata: dict[str, object] = {
            "training": None,
            "dataset": dataset,
            "parent": "",
            "file": path.name,
            "frames": len(members(lake, dataset)),
            "seconds": 0.0,
        }
        put_model(lake, origin, potential, metadata, {})
    return origin.key


@verb(name="train", task_run_name="train {work.title}")
def train(
    work: Workplace,
    architecture: Architecture,
    spec: TrainingSpec,
    dataset: str,
    parent: str | None,
) -> str:
    """Train a model; the key of its record."""
    key = model_origin(architecture, spec, dataset, parent).key
    pieces = [Piece("model", key, train_model, (architecture, spec, dataset, parent))]
    return done(key, work.finish("train", "train", pieces))


def committee(spec: TrainingSpec, members: int) -> list[TrainingSpec]:
    """How each member of a committee is trained: by its own seed, the first as `spec` says.

    The seed draws the first weights (unless there is a parent), the frames held out and the order
    of the rest. Members that share a parent differ the more, the larger `validation_fraction` and
    `learning_rate` are.
    """
    return [spec.model_copy(update={"seed": spec.seed + i}) for i in range(members)]


@verb(name="train committee", task_run_name="train committee {work.title}")
def train_committee(
    work: Workplace,
    architecture: Architecture,
    spec: TrainingSpec,
    dataset: str,
    parent: str | None,
    members: int,
) -> list[str]:
    """Train the members of a committee at once; the keys of their models.

    The first is the model that `train` leaves, so that it is not trained twice.
    """
    pieces = [
        Piece(
            "model",
            model_origin(architecture, member, dataset, parent).key,
            train_model,
            (architecture, member, dataset, parent),
        )
        for member in committee(spec, members)
    ]
    return done([p.key for p in pieces], work.finish("train committee", "train", pieces))
