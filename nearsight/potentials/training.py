"""Training a potential through NequIP's own Lightning module."""

from __future__ import annotations

import logging
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import lightning
import numpy as np
import torch
from ase import Atoms
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.environments import LightningEnvironment
from nequip.data import AtomicDataDict
from nequip.train import EMALightningModule, HuberLoss, MeanSquaredError
from torch.utils.data import DataLoader

from nearsight.potentials.architecture import Architecture
from nearsight.potentials.graph import Graph, add_label, to_graph
from nearsight.potentials.nequip import NequIP, Normalisation, build_config, building
from nearsight.potentials.training_spec import TrainingSpec
from nearsight.references.base import Label
from nearsight.references.isolated import compositions, fit_reference_energies

Frame = tuple[Atoms, Label]
Progress = Callable[[float], None]


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
) -> Trained:
    """Train a potential on labelled structures, crystals and clusters mixed.

    Parameters
    ----------
    frames
        Structures with converged labels; labels without stress (clusters) are fine. Forces that
        are not to be learned are NaN.
    parent
        Start from these weights (a warm start). Its architecture, scale and elements are kept;
        its reference energies move by what it gets wrong on average, so that compositions that
        it has not met join the energy scale of those that it has.
    progress
        Told the fraction of the steps that are done.

    Raises
    ------
    ValueError
        Fewer than two frames, a label that is not converged, or an element unknown to `parent`.
    ArithmeticError
        If the loss was not finite in any epoch.
    """
    if len(frames) < 2:
        raise ValueError(f"training needs at least 2 labelled structures, not {len(frames)}")
    if parent is None:
        elements = tuple(compositions([atoms.numbers for atoms, _ in frames])[0])
    else:
        architecture, elements = parent.architecture, parent.elements
    graphs = [
        add_label(to_graph(atoms, elements, architecture.r_max), label) for atoms, label in frames
    ]
    norm = _normalisation(frames, graphs, elements, spec, parent)
    training, validation = _split(graphs, spec)
    device = _device(spec)
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
    record = _Record(steps, progress)
    with _quiet(), tempfile.TemporaryDirectory() as scratch:
        trainer = lightning.Trainer(
            max_epochs=spec.epochs,
            accelerator=device,
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=scratch,
            callbacks=[record],
            plugins=[LightningEnvironment()],  # else it takes a Slurm job for its own launcher
        )
        trainer.fit(
            module,
            _loader(training, spec, shuffle=True),
            _loader(validation, spec, shuffle=False),
        )
    if not record.best:
        raise ArithmeticError(
            "training diverged: the loss was not finite in any epoch; lower the learning rate"
        )
    return Trained(
        NequIP(architecture, elements, norm, record.best),
        tuple(record.training_loss),
        tuple(record.validation_loss),
    )


def _normalisation(
    frames: Sequence[Frame],
    graphs: Sequence[Graph],
    elements: Sequence[str],
    spec: TrainingSpec,
    parent: NequIP | None,
) -> Normalisation:
    numbers = [atoms.numbers for atoms, _ in frames]
    energies = np.array([label.energy for _, label in frames], dtype=float)
    if parent is not None:
        known = parent.norm.reference_energies
        network = [
            parent.evaluate(atoms).energy - sum(known[s] for s in atoms.symbols)
            for atoms, _ in frames
        ]
        references = fit_reference_energies(numbers, energies - network, known)
        return replace(parent.norm, reference_energies=references)
    references = fit_reference_energies(numbers, energies, spec.reference_energies or None)
    forces = torch.cat([g[AtomicDataDict.FORCE_KEY] for g in graphs])
    edges = sum(g[AtomicDataDict.EDGE_INDEX_KEY].shape[1] for g in graphs)
    # floors: a scale of nought (perfect crystals only, lone atoms only) would silence the network
    return Normalisation(
        {element: references[element] for element in elements},
        max(float(forces.square().nanmean().sqrt()), 1e-3),
        max(edges / len(forces), 1.0),
    )


def _split(graphs: list[Graph], spec: TrainingSpec) -> tuple[list[Graph], list[Graph]]:
    order = np.random.default_rng(spec.seed).permutation(len(graphs))
    held_out = max(1, round(spec.validation_fraction * len(graphs)))
    return [graphs[i] for i in order[held_out:]], [graphs[i] for i in order[:held_out]]


def _device(spec: TrainingSpec) -> str:
    if spec.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("device 'cuda' was asked for, but no GPU is visible to this process")
    if spec.device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return spec.device


def _loader(graphs: list[Graph], spec: TrainingSpec, shuffle: bool) -> DataLoader[Graph]:
    return DataLoader(
        graphs,  # type: ignore[arg-type]
        spec.batch_size,
        shuffle=shuffle,
        # without its own, even a loader that does not shuffle draws from the process's numbers
        generator=torch.Generator().manual_seed(spec.seed),
        collate_fn=AtomicDataDict.batched_from_list,
    )


def _module(model: dict[str, Any], spec: TrainingSpec, steps: int) -> EMALightningModule:
    def term(
        field: str, weight: float, kind: type[torch.nn.Module], **options: float
    ) -> dict[str, Any]:
        return {
            "name": field,
            "field": field,
            "coeff": weight,
            "metric": {"_target_": f"{__name__}.{kind.__name__}", **options},
            "ignore_nan": field != "energy",
        }

    per_atom = {"_target_": "nequip.data.PerAtomModifier", "field": "total_energy"}
    loss = {
        "_target_": "nequip.train.MetricsManager",
        "metrics": [
            term("energy", spec.energy_weight, MeanSquare) | {"field": per_atom},
            term("forces", spec.force_weight, Huber, delta=spec.force_delta),
            term("stress", spec.stress_weight, MeanSquare),
        ],
    }
    steps = max(steps, 2)  # one to rise, one to fall
    return EMALightningModule(
        ema_decay=spec.ema_decay,
        model=model,
        num_datasets={"train": 1, "val": 1, "test": 0},
        loss=loss,
        val_metrics=loss,
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


class MeanSquare(MeanSquaredError):  # type: ignore[misc]
    """NequIP's mean square error, but nought, not NaN, where there is nothing to compare."""

    def compute(self) -> torch.Tensor:
        mean: torch.Tensor = self.sum / self.count.clamp(min=1)
        return mean


class Huber(HuberLoss):  # type: ignore[misc]
    """Twice NequIP's Huber loss: a mean square error that grows linearly beyond `delta`."""

    def compute(self) -> torch.Tensor:
        mean: torch.Tensor = 2 * self.sum / self.count.clamp(min=1)
        return mean


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's remarks about this thread's training to itself; its errors still show."""
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        return record.thread != thread or record.levelno > logging.INFO

    log = logging.getLogger("lightning.pytorch.utilities.rank_zero")
    log.addFilter(keep)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="lightning")
            yield
    finally:
        log.removeFilter(keep)


class _Record(Callback):  # type: ignore[misc]
    """Keeps the losses of every epoch and the averaged weights of the best one."""

    def __init__(self, steps: int, progress: Progress | None) -> None:
        self.steps = steps
        self.progress = progress
        self.epoch: list[float] = []
        self.training_loss: list[float] = []
        self.validation_loss: list[float] = []
        self.best_loss = float("inf")
        self.best: dict[str, torch.Tensor] = {}

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self.epoch.append(float(outputs["loss"]))
        if self.progress is not None:
            self.progress(trainer.global_step / self.steps)

    def on_validation_end(self, trainer: Any, module: EMALightningModule) -> None:
        # callbacks come before the module's own hook, which swaps the averaged weights out again
        loss = float(trainer.callback_metrics["val0_epoch/weighted_sum"])
        if loss < self.best_loss:
            self.best_loss = loss
            self.best = {
                name.removeprefix("sole_model."): value.detach().cpu().clone()
                for name, value in module.model.state_dict().items()
            }
        self.validation_loss.append(loss)

    def on_train_epoch_end(self, *_: Any) -> None:
        self.training_loss.append(float(np.mean(self.epoch)))
        self.epoch.clear()
