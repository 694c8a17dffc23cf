"""What a potential is made of: data, not code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

from pydantic import Field, model_validator

from nearsight.spec import Spec


class Architecture(Spec):
    """A NequIP network (paper, Section 3, MLPs), or the name of one of `PRESETS`."""

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
    type_embedding: int | None = Field(
        None,
        ge=1,
        title="Numbers that stand for an element",
        description="as many as scalar features, if not given",
        exclude_if=lambda width: width is None,  # architectures without it keep their keys
    )

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        if given not in PRESETS:
            raise ValueError(f"there is no preset {given!r}; there are {', '.join(PRESETS)}")
        return PRESETS[given]

    @model_validator(mode="after")
    def _one_multiplicity_each(self) -> Self:
        if len(self.num_features) != self.l_max + 1 or min(self.num_features) < 1:
            raise ValueError(
                f"num_features needs {self.l_max + 1} positive numbers, one for each rotation "
                f"order up to l_max = {self.l_max}, not {list(self.num_features)}"
            )
        return self


_NEQUIP = {"type_embedding": 32, "radial_mlp_width": 128}

PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "paper-8": {"num_layers": 3, "l_max": 1, "num_features": (8, 8)},
        "paper-16": {"num_layers": 4, "l_max": 1, "num_features": (16, 16), "r_max": 6.0},
        "nequip-s": _NEQUIP | {"num_layers": 2, "l_max": 1, "num_features": (128, 64)},
        "nequip-m": _NEQUIP | {"num_layers": 4, "l_max": 2, "num_features": (128, 64, 32)},
        "nequip-l": _NEQUIP | {"num_layers": 6, "l_max": 3, "num_features": (128, 64, 32, 32)},
    }
)
"""Architectures by name.

``paper-8`` and ``paper-16`` have the 8 and 16 features and the l > 0 of the paper's models, the
second the larger cutoff of mlp_sup (Sections 3 and 4.4). Their layers and cutoffs in Å are ours:
the paper keeps them in its SI.2. ``nequip-s``, ``-m`` and ``-l`` are S, M and L of NequIP 0.19,
sized like its foundation potentials (`nequip.model.PresetNequIPGNNModel`, arXiv 2607.28461), at
our cutoff.
"""
