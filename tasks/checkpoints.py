"""Checkpoints of trainings in the lake, so that one that was killed goes on anywhere."""

from __future__ import annotations

import time

import numpy as np

from nearsight.potentials.checkpoint import FORMAT
from storage import Lake
from storage.origin import Origin


def checkpoint_origin(model: str, epoch: int) -> Origin:
    """What a checkpoint is made of: the model that is to come, and the epochs behind it."""
    return Origin("checkpoint", {"epoch": epoch, "format": FORMAT}, [model])


class LakeCheckpoints:
    """The checkpoints of one training (satisfies `nearsight.potentials.checkpoint.Checkpoints`).

    Attributes
    ----------
    seconds
        What the training has taken until now, all its tries together, up to their last checkpoint.
    """

    def __init__(self, lake: Lake, model: str, epochs: int, dataset: str, parent: str) -> None:
        self._lake = lake
        self._model = model
        self._epochs = epochs
        self._inputs = {"dataset": dataset, "parent": parent}
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def keep(self, epoch: int, state: bytes) -> None:
        metadata = {"model": self._model, "epoch": epoch, "seconds": self.seconds, **self._inputs}
        arrays = {"state": np.frombuffer(state, dtype=np.uint8)}
        self._lake.put(checkpoint_origin(self._model, epoch).record(metadata, arrays))

    def last(self) -> bytes | None:
        keys = [checkpoint_origin(self._model, n).key for n in range(1, self._epochs)]
        missing = set(self._lake.missing("checkpoint", keys))
        for key in reversed(keys):
            if key not in missing:
                record = self._lake.get("checkpoint", key)
                self._began -= record.metadata["seconds"]
                return record.arrays["state"].tobytes()
        return None
