"""How a potential is trained: data, not code."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from ase.data import atomic_numbers
from pydantic import Field, model_validator

from nearsight.spec import Spec


class RegionWeights(Spec):
    """How much the forces on each part of a cluster count in the loss."""

    core: float = Field(1.0, ge=0, title="Core")
    mantle: float = Field(0.0, ge=0, title="Mantle")
    caps: float = Field(0.0, ge=0, title="Caps")


class TrainingSpec(Spec):
    """How a potential is trained."""

    OPERATIONAL: ClassVar[frozenset[str]] = frozenset({"device", "checkpoint_interval"})
    """Fields that say where and how a training runs, and not what comes out: in no key."""

    epochs: int = Field(100, ge=1, title="Epochs")
    patience: int | None = Field(
        None,
        ge=1,
        title="Epochs without a better validation loss before training ends",
        description="none: all epochs; the learning rate falls over all of them either way",
    )
    learning_rate: float = Field(0.01, gt=0, le=1, title="Peak learning rate")
    warmup: float = Field(0.05, ge=0, lt=1, title="Share of the steps that warm up")
    batch_size: int = Field(1, ge=1, title="Structures in a batch")
    ema_decay: float = Field(0.99, ge=0, lt=1, title="Decay of the running mean of the weights")
    energy_weight: float = Field(5.0, ge=0, title="Loss weight of energies per atom")
    force_weight: float = Field(1.0, ge=0, title="Loss weight of forces")
    force_delta: float = Field(
        0.1,
        gt=0,
        title="Force error beyond which the loss is linear",
        description="eV/Å (Huber); below it, and for energies and stresses, the loss is quadratic, "
        "which lets a few wrecked frames outweigh all others",
    )
    stress_weight: float = Field(10.0, ge=0, title="Loss weight of stresses, where there are any")
    region_weights: RegionWeights = Field(
        RegionWeights(),
        title="Weights of the forces in a cluster",
        description="mantle and caps do not feel what they would feel in the bulk (paper, "
        "Section 2.4)",
    )
    element_weights: dict[str, float] = Field(
        {},
        title="Weights of the forces on elements",
        description="1 for those that are not named; means of forces are weighted means",
    )
    validation_fraction: float = Field(
        0.05, gt=0, lt=0.5, title="Share of the data held out to choose the best epoch"
    )
    reference_energies: dict[str, float] = Field(
        {},
        title="Reference energies",
        description="eV, isolated atoms at the level of theory; the fit moves them as it must",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", title="Device")
    checkpoint_interval: float = Field(
        300.0,
        ge=0,
        title="Time between checkpoints",
        description="s; they are written at ends of epochs, so a killed training loses at most "
        "this and an epoch",
    )
    seed: int = Field(0, ge=0, title="Seed")

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if self.energy_weight + self.force_weight + self.stress_weight == 0:
            raise ValueError("one of energy_weight, force_weight, stress_weight must be positive")
        return self

    @model_validator(mode="after")
    def _weights_of_elements(self) -> Self:
        for symbol, weight in self.element_weights.items():
            if atomic_numbers.get(symbol, 0) < 1 or weight < 0:
                raise ValueError(
                    f"element_weights needs symbols of elements and weights of 0 or more, not "
                    f"{symbol}: {weight}"
                )
        return self
