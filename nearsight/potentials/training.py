"""Training a potential through NequIP's own Lightning module."""

from __future__ import annotations

import logging
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import lightning
import numpy as np
import torch
from ase import Atoms
from lightning.pytorch.plugins.environments import LightningEnvironment
from nequip.data import AtomicDataDict
from nequip.train import EMALightningModule
from torch.utils.data import DataLoader

from nearsight.potentials.architecture import Architecture
from nearsight.potentials.base import CannotTrain
from nearsight.potentials.checkpoint import Checkpoints
from nearsight.potentials.graph import Graph, add_label, to_graph
from nearsight.potentials.growth import grow
from nearsight.potentials.history import History, Progress
from nearsight.potentials.loss import FORCE_WEIGHT_KEY, loss
from nearsight.potentials.nequip import NequIP, best_device, build_config, building
from nearsight.potentials.normalisation import Frame, normalisation, renormalisation
from nearsight.potentials.training_spec import TrainingSpec
from nearsight.references.base import Label
from nearsight.references.isolated import compositions


@dataclass(frozen=True)
class Trained:
    """A trained potential and how it got there.

    Attributes
    ----------
    potential
        With the (averaged) weights of its best epoch.
    training_loss, validation_loss
        One value an epoch: the mean square errors (Huber's for forces), weighted as `TrainingSpec`
        says, over the sum of the weights. Stresses count nothing where a batch (or the validation
        set) has none.
    """

    potential: NequIP
    training_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]


def train(
    frames: Sequence[Frame],
    architecture: Architecture,
    spec: TrainingSpec,
    parent: NequIP | None = None,
    progress: Progress | None = None,
    checkpoints: Checkpoints | None = None,
) -> Trained:
    """Train a potential on labelled structures, crystals and clusters mixed.

    The same arguments give the same potential to the last bit on one kind of machine, also where
    the training was killed in between and went on from a checkpoint; on a GPU, as far as torch's
    deterministic algorithms reach.

    Parameters
    ----------
    frames
        Structures with converged labels; labels without stress (clusters) are fine. Forces that
        are not to be learned are NaN; an array `force_weight` (n_atoms,) of the structure, if it
        has one, weighs the others.
    parent
        Start from these weights (a warm start). Its architecture, scale and elements are kept,
        and elements that it lacks are added (`grow`); its reference energies move by what it gets
        wrong on average, so that compositions that it has not met join the energy scale of those
        that it has.
    progress
        Told the fraction of the steps that are done.
    checkpoints
        Where the state of the training is kept every `spec.checkpoint_interval` and found again.

    Raises
    ------
    CannotTrain
        Fewer than two frames, no GPU where one was asked for, reference energies that lack an
        element, or a loss that was not finite in any epoch.
    ValueError
        If a label is not converged.
    """
    if len(frames) < 2:
        raise CannotTrain(f"training needs at least 2 labelled structures, not {len(frames)}")
    device = _device(spec)
    met = compositions([atoms.numbers for atoms, _ in frames])[0]
    new = [element for element in met if parent is not None and element not in parent.elements]
    if parent is None:
        elements = tuple(met)
        if spec.reference_energies and (lacking := set(met) - set(spec.reference_energies)):
            raise CannotTrain(
                f"reference_energies lacks {', '.join(sorted(lacking))}: name every element of "
                "the training set, or none"
            )
    else:
        parent = grow(parent, new)
        architecture, elements = parent.architecture, parent.elements
    graphs = [_graph(atoms, label, elements, architecture, spec) for atoms, label in frames]
    if parent is None:
        norm = normalisation(frames, graphs, elements, spec.reference_energies)
    else:
        norm = renormalisation(frames, parent, new)
    training, validation = _split(graphs, spec)
    steps = spec.epochs * int(np.ceil(len(training) / spec.batch_size))
    with building():
        module = _module(build_config(architecture, elements, norm, spec.seed), spec, steps)
    if parent is not None:
        shifts = {k: v for k, v in module.model.state_dict().items() if k.endswith(".shifts")}
        module.model.load_state_dict(
            {f"sole_model.{k}": v for k, v in parent.weights.items()} | shifts
        )
        module.ema.num_updates = 0
        module.ema.update_parameters(module.model)
    order = torch.Generator().manual_seed(spec.seed)
    history = History(spec, order, progress, checkpoints)
    if not history.ended:
        with _quiet(), tempfile.TemporaryDirectory() as scratch:
            trainer = lightning.Trainer(
                max_epochs=spec.epochs - history.epochs,
                accelerator=device,
                devices=1,
                deterministic="warn" if device == "cuda" else None,  # costs nothing there
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
                default_root_dir=scratch,
                callbacks=[history],
                plugins=[LightningEnvironment()],  # else it takes a Slurm job for its launcher
            )
            trainer.fit(
                module,
                _loader(training, spec, order, shuffle=True),
                _loader(validation, spec, torch.Generator(), shuffle=False),
            )
    if not history.best:
        raise CannotTrain(
            "training diverged: the loss was not finite in any epoch; lower the learning rate"
        )
    return Trained(
        NequIP(architecture, elements, norm, history.best),
        tuple(history.training_loss),
        tuple(history.validation_loss),
    )


def _graph(
    atoms: Atoms,
    label: Label,
    elements: Sequence[str],
    architecture: Architecture,
    spec: TrainingSpec,
) -> Graph:
    """A structure with its targets; forces without weight are NaN, and so in no mean."""
    weight = np.array([spec.element_weights.get(symbol, 1.0) for symbol in atoms.symbols])
    weight *= atoms.arrays.get(FORCE_WEIGHT_KEY, 1.0)
    if label.forces is not None:
        label = replace(label, forces=np.where(weight[:, None] > 0, label.forces, np.nan))
    graph = add_label(to_graph(atoms, elements, architecture.r_max), label)
    return graph | {FORCE_WEIGHT_KEY: torch.tensor(weight)}


def _split(graphs: list[Graph], spec: TrainingSpec) -> tuple[list[Graph], list[Graph]]:
    order = np.random.default_rng(spec.seed).permutation(len(graphs))
    held_out = max(1, round(spec.validation_fraction * len(graphs)))
    return [graphs[i] for i in order[held_out:]], [graphs[i] for i in order[:held_out]]


def _device(spec: TrainingSpec) -> str:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise CannotTrain("device 'cuda' was asked for, but no GPU is visible to this process")
    return best_device() if spec.device == "auto" else spec.device


def _loader(
    graphs: list[Graph], spec: TrainingSpec, order: torch.Generator, shuffle: bool
) -> DataLoader[Graph]:
    # without a generator, even a loader that does not shuffle draws from the process's numbers
    return DataLoader(
        graphs,  # type: ignore[arg-type]
        spec.batch_size,
        shuffle=shuffle,
        generator=order,
        collate_fn=AtomicDataDict.batched_from_list,
    )


def _module(model: dict[str, Any], spec: TrainingSpec, steps: int) -> EMALightningModule:
    steps = max(steps, 2)  # one to rise, one to fall
    return EMALightningModule(
        ema_decay=spec.ema_decay,
        model=model,
        num_datasets={"train": 1, "val": 1, "test": 0},
        loss=loss(spec),
        val_metrics=loss(spec),
        optimizer={"_target_": "torch.optim.Adam", "lr": spec.learning_rate},
        lr_scheduler={
            "scheduler": {
                "_target_": "torch.optim.lr_scheduler.OneCycleLR",
                "max_lr": spec.learning_rate,
                "total_steps": steps,
                "pct_start": max(spec.warmup, 1.5 / steps),
                "cycle_momentum": False,
            },
            "interval": "step",
        },
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's remarks about this thread's training to itself; its errors still show."""
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno > logging.INFO

    names = ("lightning.pytorch.utilities.rank_zero", "lightning.pytorch.accelerators.cuda")
    logs = [logging.getLogger(name) for name in names]
    for log in logs:
        log.addFilter(keep)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            warnings.filterwarnings("ignore", ".* does not have a deterministic implementation")
            yield
    finally:
        for log in logs:
            log.removeFilter(keep)
