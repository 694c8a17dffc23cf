"""How a training goes: its losses, its best weights, when it ends, and its checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from nequip.train import EMALightningModule

from nearsight.potentials.checkpoint import Checkpoints, pack, unpack
from nearsight.potentials.training_spec import TrainingSpec

Progress = Callable[[float], None]


class History(Callback):  # type: ignore[misc]
    """Losses of every epoch and the averaged weights of the best one, across interruptions.

    Parameters
    ----------
    spec
        Says when to end and how often to leave a checkpoint.
    order
        Draws the order of the structures in every epoch.
    progress
        Told the fraction of the steps that are done.
    checkpoints
        Where the training goes on from, and leaves its state.
    """

    def __init__(
        self,
        spec: TrainingSpec,
        order: torch.Generator,
        progress: Progress | None,
        checkpoints: Checkpoints | None,
    ) -> None:
        self.spec = spec
        self.order = order
        self.progress = progress
        self.checkpoints = checkpoints
        self.training_loss: list[float] = []
        self.validation_loss: list[float] = []
        self.best: dict[str, torch.Tensor] = {}
        self._steps: list[float] = []
        self._saved = time.monotonic()
        kept = None if checkpoints is None else checkpoints.last()
        self._resumed = None if kept is None else unpack(kept)
        if self._resumed is not None:
            self.training_loss, self.validation_loss, self.best = self._resumed["history"]
            order.set_state(self._resumed["order"])

    @property
    def epochs(self) -> int:
        """Epochs that are behind."""
        return len(self.training_loss)

    @property
    def ended(self) -> bool:
        """Whether nothing is left to do: all epochs done, or `patience` at its end."""
        losses = [loss if np.isfinite(loss) else np.inf for loss in self.validation_loss]
        patience = self.spec.patience
        tired = patience and len(losses) - np.argmin([np.inf, *losses]) >= patience
        return self.epochs == self.spec.epochs or bool(tired)

    def on_train_start(self, trainer: Any, module: EMALightningModule) -> None:
        """Go on from the checkpoint."""
        self._done = self.epochs
        if self._resumed is not None:
            module.load_state_dict(self._resumed["module"])
            trainer.optimizers[0].load_state_dict(self._resumed["optimizer"])
            trainer.lr_scheduler_configs[0].scheduler.load_state_dict(self._resumed["schedule"])
            self._resumed = None

    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, *_: Any) -> None:
        self._steps.append(float(outputs["loss"]))
        if self.progress is not None:
            epoch = self._done + trainer.global_step / trainer.num_training_batches
            self.progress(epoch / self.spec.epochs)

    def on_validation_end(self, trainer: Any, module: EMALightningModule) -> None:
        # callbacks come before the module's own hook, which swaps the averaged weights out again
        loss = float(trainer.callback_metrics["val0_epoch/weighted_sum"])
        if loss < min([np.inf, *filter(np.isfinite, self.validation_loss)]):
            self.best = {
                name.removeprefix("sole_model."): value.detach().cpu().clone()
                for name, value in module.model.state_dict().items()
            }
        self.validation_loss.append(loss)

    def on_train_epoch_end(self, trainer: Any, module: EMALightningModule) -> None:
        self.training_loss.append(float(np.mean(self._steps)))
        self._steps.clear()
        if self.ended:
            trainer.should_stop = True
        elif self.checkpoints is not None and self._due():
            self.checkpoints.keep(self.epochs, self._state(trainer, module))

    def _due(self) -> bool:
        now = time.monotonic()
        due = now - self._saved >= self.spec.checkpoint_interval
        self._saved = now if due else self._saved
        return due

    def _state(self, trainer: Any, module: EMALightningModule) -> bytes:
        return pack(
            {
                "history": [self.training_loss, self.validation_loss, self.best],
                "module": module.state_dict(),
                "optimizer": trainer.optimizers[0].state_dict(),
                "schedule": trainer.lr_scheduler_configs[0].scheduler.state_dict(),
                "order": self.order.get_state(),
            }
        )
