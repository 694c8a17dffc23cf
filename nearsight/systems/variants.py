"""The variants of UiO frameworks that the paper names (Sections 4.3 to 4.5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Literal, get_args

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.blocks import partition
from nearsight.blocks.bonds import METALS
from nearsight.systems.disorder import Disorder, disordered
from nearsight.systems.editing import remove_blocks
from nearsight.systems.net import Net
from nearsight.systems.symmetry import operations, orbits, permutations

Variant = Literal[
    "pr", "ld", "ld-2/1", "ld-2/2", "ld-2/3", "ld-2/4", "ld-2/5", "ld-2/6", "ld-2/7",
    "hf", "reo", "bcu", "scu", "pr-hf", "sup", "sup*", "sup-3x3x1",
]  # fmt: skip
"""pr: pristine; ld: one linker missing; ld-2/1 to ld-2/7: two linkers missing, all distinct pairs;
hf: one Zr replaced by Hf; reo: one brick of four missing; bcu: linkers in planes across z missing;
scu: both; pr-hf: all Zr replaced; sup, sup*, and the example of Figure 7A: random disorder."""
VARIANTS: tuple[Variant, ...] = get_args(Variant)

SUPERCELLS = {
    # of all that round to 0.13-0.40 only 34 bricks and 611 linkers come to the paper's 22,052 atoms
    "sup": (
        (4, 4, 4),
        Disorder(hf=0.21, brick=34 / 256, linker=611 / 1536, counted="resulting"),
    ),
    "sup*": ((4, 4, 4), Disorder(hf=0.10, brick=0.04, linker=0.17, counted="resulting")),
    "sup-3x3x1": ((3, 3, 1), Disorder(hf=0.2, brick=0.1, linker=0.2)),
}
"""Repeats of the conventional cell, and what is then missing."""


def make(variant: Variant, pristine: Atoms) -> Atoms:
    """Make a variant of a pristine conventional cell of the fcu net, with formates for caps.

    Parameters
    ----------
    variant
        Its name.
    pristine
        Four 12-connected bricks and 24 linkers.
    """
    if variant == "pr":
        return pristine
    if variant in SUPERCELLS:
        return disordered(pristine, *SUPERCELLS[variant])
    if variant in ("hf", "pr-hf"):
        return _hafnium(pristine, 1 if variant == "hf" else None)
    blocks = partition(pristine)
    net = Net.of(pristine, blocks)
    if variant.startswith("ld-2/"):
        missing = linker_pairs(pristine)[int(variant[5:]) - 1]
    else:
        missing = np.flatnonzero(_MISSING[variant](net))
    return remove_blocks(pristine, blocks, missing.tolist())


def linker_pairs(pristine: Atoms) -> NDArray[np.int64]:
    """One pair of linkers of every kind that the symmetry of the net tells apart (Section 4.5).

    The symmetry is that of the metal sites, Fm-3m: the order of oxide and hydroxide in the bricks,
    which protons change on their own, does not count.

    Returns
    -------
    (n_kinds, 2) blocks, ordered by the distance between the two, then by their numbers.
    """
    net = Net.of(pristine, partition(pristine))
    metals = METALS[pristine.numbers]
    cell = pristine.cell.array
    group = operations(cell, pristine.get_scaled_positions()[metals], pristine.numbers[metals])
    linkers = np.flatnonzero(net.linkers)
    places = net.centres[linkers] @ np.linalg.inv(cell)
    pairs = np.array(list(combinations(range(len(linkers)), 2)))
    first = np.unique(orbits(pairs, permutations(cell, places, *group)))
    apart = places[pairs[first, 1]] - places[pairs[first, 0]]
    lengths = np.linalg.norm((apart - np.rint(apart)) @ cell, axis=1)
    return np.asarray(linkers[pairs[first[np.lexsort((first, lengths.round(2)))]]])


def _hafnium(pristine: Atoms, count: int | None) -> Atoms:
    atoms = pristine.copy()
    atoms.numbers[np.flatnonzero(METALS[atoms.numbers])[:count]] = 72
    return atoms


def _one_linker(net: Net) -> NDArray[np.bool_]:
    return np.asarray(np.arange(len(net)) == np.argmax(net.linkers))


def _one_brick(net: Net) -> NDArray[np.bool_]:
    brick: NDArray[np.bool_] = np.arange(len(net)) == np.argmax(net.bricks)
    return brick | net.around(brick)


def _layers(net: Net) -> NDArray[np.bool_]:
    """Linkers that lie in planes of constant z."""
    tilted = net.ends[np.abs(net.vectors()[:, 2]) > 1.0]
    lying = net.linkers.copy()
    lying[tilted] = False
    return lying


_MISSING: dict[str, Callable[[Net], NDArray[np.bool_]]] = {
    "ld": _one_linker,
    "reo": _one_brick,
    "bcu": _layers,
    "scu": lambda net: _one_brick(net) | _layers(net),
}
