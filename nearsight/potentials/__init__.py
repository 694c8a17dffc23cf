"""The learned potential: train, evaluate, features.

Importing this package does not import torch; asking it for a network does.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from nearsight.potentials.architecture import PRESETS, Architecture
from nearsight.potentials.base import CannotTrain, NoAnswer, Potential, Prediction
from nearsight.potentials.calculator import calculator
from nearsight.potentials.external import External
from nearsight.potentials.training_spec import RegionWeights, TrainingSpec

if TYPE_CHECKING:
    from nearsight.potentials.compiled import Compiled
    from nearsight.potentials.graph import UnknownElement
    from nearsight.potentials.growth import grow
    from nearsight.potentials.nequip import NequIP
    from nearsight.potentials.team import Team
    from nearsight.potentials.training import Trained, train

__all__ = [
    "PRESETS",
    "Architecture",
    "CannotTrain",
    "Compiled",
    "External",
    "NequIP",
    "NoAnswer",
    "Potential",
    "Prediction",
    "RegionWeights",
    "Team",
    "Trained",
    "TrainingSpec",
    "UnknownElement",
    "calculator",
    "grow",
    "load",
    "train",
]

_ON_DEMAND = {
    "Compiled": "compiled",
    "NequIP": "nequip",
    "Team": "team",
    "Trained": "training",
    "UnknownElement": "graph",
    "grow": "growth",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)


class Blobs(Protocol):
    """What `load` needs of a lake."""

    def get_blob(self, name: str) -> bytes: ...


def load(path_or_key: str | os.PathLike[str], lake: Blobs | None = None) -> NequIP:
    """Load a potential from a file, or from a lake by its model key.

    It runs on a GPU where this process sees one; torch then uses its deterministic algorithms,
    for all that this process computes there.

    Raises
    ------
    FileNotFoundError
        If no lake is given and there is no such file.
    ValueError
        If what is there is not a Nearsight model.
    """
    from nearsight.potentials.nequip import NequIP, best_device

    if lake is not None:
        package = lake.get_blob(model_blob(str(path_or_key)))
    else:
        package = Path(path_or_key).read_bytes()
    return NequIP.from_bytes(package, best_device())


def model_blob(key: str) -> str:
    """Name of the blob that holds the model with this key."""
    return f"{key}.safetensors"
