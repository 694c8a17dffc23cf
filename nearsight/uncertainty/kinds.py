"""Densities: the kinds there are, read from options and put to work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, TypeAdapter

from nearsight.uncertainty.elements import PerElement
from nearsight.uncertainty.gaussians import MixtureSpec
from nearsight.uncertainty.mixture import Mixture
from nearsight.uncertainty.neighbours import Neighbours, NeighboursSpec
from nearsight.uncertainty.rigidity import Rigidity, RigiditySpec

_KINDS: dict[str, type[PerElement[Any, Any]]] = {
    "mixture": Mixture,
    "rigidity": Rigidity,
    "neighbours": Neighbours,
}


def mixture_if_unsaid(told: Any) -> Any:
    """Options with their `kind`: those that name none are a mixture's."""
    return {"kind": "mixture", **told} if isinstance(told, dict) else told


DensitySpec = Annotated[
    Annotated[MixtureSpec | RigiditySpec | NeighboursSpec, Field(discriminator="kind")],
    BeforeValidator(mixture_if_unsaid),
]
"""How the density of training environments is made. Options that name no `kind` are a mixture's."""

_ANY: TypeAdapter[DensitySpec] = TypeAdapter(DensitySpec)


def density(spec: DensitySpec) -> PerElement[Any, Any]:
    """Return the density of that kind, to be fitted."""
    return _KINDS[spec.kind](spec)


def density_from(
    arrays: Mapping[str, NDArray[np.float64]], told: Mapping[str, Any]
) -> PerElement[Any, Any]:
    """Return the density that `to_arrays` took apart, with the options that a lake keeps of it."""
    spec = _ANY.validate_python(dict(told))
    return _KINDS[spec.kind].from_arrays(arrays, spec)
