"""Sorts of blocks: those alike in kind, atoms and seams; which of them are worth a study."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

from nearsight.blocks.base import ENDLESS, Blocks


def sorts(atoms: Atoms, blocks: Blocks) -> dict[str, list[NDArray[np.int64]]]:
    """Blocks of every kind by sort: of one kind, of the same composition, and with as many seams.

    The sort with the most seams comes first and, of equals, the most common one.
    """
    seams = np.bincount(blocks.labels[blocks.seams].ravel(), minlength=len(blocks))
    alike: defaultdict[tuple[str, int, str], list[int]] = defaultdict(list)
    for block, kind in enumerate(blocks.kinds):
        formula = atoms.symbols[blocks.members(block)].get_chemical_formula()
        alike[kind, int(seams[block]), formula].append(block)
    found: dict[str, list[NDArray[np.int64]]] = {}
    for (kind, _, _), members in sorted(alike.items(), key=lambda s: (-s[0][1], -len(s[1]))):
        found.setdefault(kind, []).append(np.array(members))
    return found


def telling_blocks(atoms: Atoms, blocks: Blocks) -> list[int]:
    """A few blocks that stand for a framework, ascending.

    The first sort of a kind counts as sound, all others as defects: they lack neighbours or hold
    other atoms. Of every kind with defects the first block of the most common defect; where no kind
    has any, the first block of every kind. Rods and layers without end are left out.
    """
    finite = {kind: s for kind, s in sorts(atoms, blocks).items() if kind not in ENDLESS}
    odd = [max(others, key=len) for _, *others in finite.values() if others]
    return sorted(int(sort[0]) for sort in odd or [sort[0] for sort in finite.values()])
