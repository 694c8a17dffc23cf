"""Room for new elements in a potential that is trained already."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace

from ase.data import atomic_numbers
from nequip.model import NequIPGNNModel

from nearsight.potentials.nequip import NequIP, build_config, building

_NOBLE = (0, 2, 10, 18, 36, 54, 86, 118)


def grow(potential: NequIP, elements: Iterable[str]) -> NequIP:
    """Return `potential` with its own elements first and those of `elements` that it lacks.

    A new element starts as a copy of the one that is chemically closest (`closest`), its reference
    energy included: untrained, it is taken for that one. What the potential says of structures
    without new elements stays the same.
    """
    new = sorted(set(elements) - set(potential.elements), key=atomic_numbers.__getitem__)
    if not new:
        return potential
    like = {element: closest(element, potential.elements) for element in new}
    grown = (*potential.elements, *new)
    references = potential.norm.reference_energies
    norm = replace(
        potential.norm,
        reference_energies=references | {e: references[like[e]] for e in new},
    )
    config = build_config(potential.architecture, grown, norm, seed=0)
    del config["_target_"]
    with building():
        shapes = {k: v.shape for k, v in NequIPGNNModel(**config).state_dict().items()}
    rows = [potential.elements.index(like.get(element, element)) for element in grown]
    weights = {
        name: tensor if tensor.shape == shapes[name] else tensor[rows]
        for name, tensor in potential.weights.items()
    }
    return NequIP(potential.architecture, grown, norm, weights, potential.device)


def closest(element: str, known: Iterable[str]) -> str:
    """Return that of the `known` elements which is chemically closest.

    It stands in the same group of the periodic table, if any does, and has the nearest number.
    """
    z = atomic_numbers[element]

    def distance(other: str) -> tuple[bool, int]:
        return _group(atomic_numbers[other]) != _group(z), abs(atomic_numbers[other] - z)

    return min(known, key=distance)


def _group(z: int) -> int:
    """Group of the periodic table; lanthanides and actinides are all in group 3."""
    period = bisect_left(_NOBLE, z)
    after, before = z - _NOBLE[period - 1], _NOBLE[period] - z
    return after if after <= 2 and before > 0 else 18 - min(before, 15)
