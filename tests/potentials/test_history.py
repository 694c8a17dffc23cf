from __future__ import annotations

import numpy as np
import pytest
import torch
from ase import Atoms

from nearsight.potentials import Architecture, TrainingSpec, train
from nearsight.potentials.history import History
from nearsight.references import Label

Labelled = list[tuple[Atoms, Label]]


def history(losses: list[float], **options: int) -> History:
    found = History(TrainingSpec(epochs=9, **options), torch.Generator(), None, None)
    found.training_loss, found.validation_loss = losses, losses
    return found


@pytest.mark.parametrize(
    ("losses", "ended"),
    [
        ([], False),
        ([2.0, 1.0, 1.5], False),
        ([2.0, 1.0, 1.5, 1.0], True),
        ([2.0, 1.0, 1.5, 0.9], False),
        ([np.nan, np.nan], True),
        ([np.nan, 1.0, np.nan], False),
        ([float(n) for n in range(9, 0, -1)], True),
    ],
)
def test_training_ends_when_patience_or_epochs_do(losses: list[float], ended: bool) -> None:
    assert history(losses, patience=2).ended == ended
    assert history(losses).ended == (len(losses) == 9)


def test_a_training_that_gets_worse_is_stopped(copper: Labelled, tiny: Architecture) -> None:
    spec = TrainingSpec(
        epochs=40, learning_rate=1.0, warmup=0.5, batch_size=6, validation_fraction=0.3, patience=2
    )
    losses = train(copper, tiny, spec).validation_loss
    assert len(losses) < 40
    assert len(losses) - 1 - int(np.argmin(losses)) == 2
