from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from ase import Atoms

from nearsight.potentials import Architecture, NequIP, TrainingSpec, train
from nearsight.potentials.checkpoint import pack, unpack
from nearsight.references import Label

Labelled = list[tuple[Atoms, Label]]

SPEC = TrainingSpec(
    epochs=6,
    batch_size=4,
    learning_rate=0.05,
    validation_fraction=0.3,
    ema_decay=0.9,
    checkpoint_interval=0.0,
)


class Killed(Exception):
    pass


class Kept:
    """Checkpoints in memory; the one of the epoch `deadly` is the last that is written."""

    def __init__(self, deadly: int = 0) -> None:
        self.deadly = deadly
        self.states: list[tuple[int, bytes]] = []

    def keep(self, epoch: int, state: bytes) -> None:
        self.states.append((epoch, state))
        if epoch == self.deadly:
            raise Killed

    def last(self) -> bytes | None:
        return self.states[-1][1] if self.states else None


def test_what_is_packed_comes_back() -> None:
    shared = torch.arange(6.0).reshape(2, 3).t()
    state = {"a": [shared, shared, None, 0.1], "b": {0: torch.zeros(0), 7: {"x": "y", "n": [True]}}}
    back = unpack(pack(state))
    assert torch.equal(back["a"][0], shared)
    assert back["a"][2:] == [None, 0.1]
    assert back["b"][0].shape == (0,)
    assert back["b"][7] == {"x": "y", "n": [True]}


@pytest.mark.parametrize("deadly", [1, 3, 5])
def test_a_training_that_was_killed_ends_as_if_it_had_not_been(
    deadly: int, copper: Labelled, tiny: Architecture
) -> None:
    whole = train(copper, tiny, SPEC)
    kept = Kept(deadly)
    with pytest.raises(Killed):
        train(copper, tiny, SPEC, checkpoints=kept)
    kept.deadly = 0
    torch.manual_seed(deadly)
    seen: list[float] = []
    resumed = train(copper, tiny, SPEC, checkpoints=kept, progress=seen.append)
    assert resumed.training_loss == whole.training_loss
    assert resumed.validation_loss == whole.validation_loss
    assert resumed.potential.to_bytes() == whole.potential.to_bytes()
    assert [epoch for epoch, _ in kept.states] == [1, 2, 3, 4, 5]
    assert deadly / 6 < seen[0] <= seen[-1] == 1.0


def test_a_warm_start_goes_on_too(parent: NequIP, alloys: Labelled) -> None:
    whole = train(alloys, parent.architecture, SPEC, parent=parent)
    kept = Kept(2)
    with pytest.raises(Killed):
        train(alloys, parent.architecture, SPEC, parent=parent, checkpoints=kept)
    resumed = train(alloys, parent.architecture, SPEC, parent=parent, checkpoints=kept)
    assert resumed.potential.to_bytes() == whole.potential.to_bytes()


def test_a_training_goes_on_whatever_the_default_dtype_is(
    copper: Labelled, tiny: Architecture
) -> None:
    thirds = [(atoms[:3], replace(label, forces=label.forces[:3])) for atoms, label in copper]
    saved = torch.get_default_dtype()
    ends = []
    try:
        for dtype in (torch.float32, torch.float64):
            torch.set_default_dtype(dtype)
            ends.append(train(thirds, tiny, SPEC))
    finally:
        torch.set_default_dtype(saved)
    assert ends[0].training_loss == ends[1].training_loss
    assert ends[0].potential.to_bytes() == ends[1].potential.to_bytes()


def test_checkpoints_are_left_only_so_often(copper: Labelled, tiny: Architecture) -> None:
    kept = Kept()
    train(
        copper[:4], tiny, SPEC.model_copy(update={"checkpoint_interval": 3600.0}), None, None, kept
    )
    assert kept.states == []
