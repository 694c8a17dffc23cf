"""What a potential is made of, and how it is trained: data, not code."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from nearsight.spec import Spec


class Architecture(Spec):
    """A NequIP network (paper, Section 3, MLPs)."""

    num_layers: int = Field(3, ge=1, le=8, title="Interaction layers")
    l_max: int = Field(1, ge=0, le=3, title="Largest rotation order")
    num_features: tuple[int, ...] = Field(
        (32, 8),
        title="Features",
        description="multiplicity of each rotation order, scalars first; F has the scalars",
    )
    r_max: float = Field(5.0, gt=1.0, le=12.0, title="Cutoff", description="Å")
    parity: bool = Field(False, title="Odd-parity features")
    num_bessels: int = Field(8, ge=2, le=32, title="Radial Bessel functions")
    radial_mlp_width: int = Field(32, ge=4, le=512, title="Width of the radial network")

    @model_validator(mode="after")
    def _one_multiplicity_each(self) -> Self:
        if len(self.num_features) != self.l_max + 1 or min(self.num_features) < 1:
            raise ValueError(
                f"num_features needs {self.l_max + 1} positive numbers, one for each rotation "
                f"order up to l_max = {self.l_max}, not {list(self.num_features)}"
            )
        return self


class TrainingSpec(Spec):
    """How a potential is trained."""

    epochs: int = Field(100, ge=1, title="Epochs")
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
    validation_fraction: float = Field(
        0.05, gt=0, lt=0.5, title="Share of the data held out to choose the best epoch"
    )
    reference_energies: dict[str, float] = Field(
        {},
        title="Reference energies",
        description="eV, isolated atoms at the level of theory; the fit moves them as it must",
    )
    device: Literal["auto", "cpu", "cuda"] = Field("auto", title="Device")
    seed: int = Field(0, ge=0, title="Seed")

    @model_validator(mode="after")
    def _something_to_learn(self) -> Self:
        if self.energy_weight + self.force_weight + self.stress_weight == 0:
            raise ValueError("one of energy_weight, force_weight, stress_weight must be positive")
        return self
