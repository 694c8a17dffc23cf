"""Grow: room in a model for elements that it has never met."""

from __future__ import annotations

from collections.abc import Iterable

from nearsight.potentials import grow as grow_potential
from nearsight.potentials import load
from storage import Lake
from storage.origin import Origin
from tasks.train import put_model


def grown(lake: Lake, model: str, elements: Iterable[str]) -> str:
    """Record `model` with room for `elements`; its key, which is `model` where nothing is new.

    A new element starts as its chemically closest relative among those known, so that walks can
    begin; the training set lacks it, so that all of its atoms are unknown (paper, Section 2.3).
    """
    potential = load(model, lake)
    new = sorted(set(elements) - set(potential.elements))
    if not new:
        return model
    parent = lake.get("model", model).metadata
    origin = Origin("model", {"grown": new}, [model])
    if not lake.has("model", origin.key):
        metadata: dict[str, object] = {
            "training": None,
            "dataset": parent["dataset"],
            "parent": model,
            "frames": parent["frames"],
            "seconds": 0.0,
        }
        put_model(lake, origin, grow_potential(potential, new), metadata, {})
    return origin.key
