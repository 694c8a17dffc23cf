"""Clusters: blocks around a core, cut out of a frame and capped (paper, Sections 2.4 and 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from numpy.typing import NDArray

from nearsight.blocks.base import Blocks, Blueprint, Cluster, UnsoundCluster
from nearsight.blocks.graph import BlockGraph, Place, seats
from nearsight.blocks.soundness import check_sound

C_H = 1.09
"""Length of a C-H bond in Å."""

_DEFAULT = Blueprint()


def cap_positions(
    kept: NDArray[np.float64], gone: NDArray[np.float64], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Hydrogens (n, 3) in Å that take the place of `gone` (n, 3) on the atoms `kept` (n, 3).

    `numbers` (n,) are the atomic numbers of the kept atoms. The direction of the bond is kept.
    """
    along = gone - kept
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    lengths = np.where(numbers == 6, C_H, covalent_radii[numbers] + covalent_radii[1])
    return np.asarray(kept + lengths[:, None] * along)


def cut(
    atoms: Atoms, blocks: Blocks, core: int | Sequence[int], blueprint: Blueprint = _DEFAULT
) -> Cluster:
    """Cut a finite cluster out of a frame: core, mantle of whole blocks, hydrogen caps.

    The mantle holds every block within `blueprint.mantle` seams of the core. Where the cell is so
    small that the mantle reaches several images of a block, each image is an own piece, and a seam
    that leads out of the cluster is cut and capped.

    Parameters
    ----------
    atoms
        Any frame of the system that was partitioned, hot or not, wrapped or not.
    blocks
        The partition of the system's start structure. Its bonds are used, none are detected.
    core
        One or more block indices. Blocks that no seams join are taken in their nearest images.
    blueprint
        How deep the mantle is.

    Returns
    -------
    Cluster
        Atoms of the core first, then of the mantle, then the caps, in the parent's orientation,
        each within a lattice vector of its place in the parent.

    Raises
    ------
    UnsoundCluster
        The cluster would be charged, open shell, torn or clashing; the message says why.
    ValueError
        `blocks` is of another system, or `core` names no block.
    """
    wanted = _check_core(atoms, blocks, core)
    if not np.isfinite(atoms.positions).all():
        raise UnsoundCluster("some positions of the frame are not finite numbers")
    graph = BlockGraph(atoms, blocks)
    places = dict.fromkeys(seats(graph, wanted), 0)
    shell = list(places)
    for depth in range(1, blueprint.mantle + 1):
        reached = [there for here in shell for _, _, there in graph.leaving(here)]
        shell = [place for place in dict.fromkeys(reached) if place not in places]
        places.update(dict.fromkeys(shell, depth))
    return _assemble(graph, places)


def _check_core(atoms: Atoms, blocks: Blocks, core: int | Sequence[int]) -> list[int]:
    if len(atoms) != len(blocks.labels):
        raise ValueError(
            f"the blocks describe {len(blocks.labels)} atoms, the frame has {len(atoms)}"
        )
    wanted = list(dict.fromkeys(int(block) for block in np.atleast_1d(core)))
    if not wanted or min(wanted) < 0 or max(wanted) >= len(blocks):
        raise ValueError(f"core {wanted} must name blocks between 0 and {len(blocks) - 1}")
    return wanted


def _assemble(graph: BlockGraph, places: dict[Place, int]) -> Cluster:
    blocks, numbers = graph.blocks, graph.atoms.numbers
    members = [blocks.members(block) for block, _ in places]
    starts = dict(zip(places, np.cumsum([0, *map(len, members)]), strict=False))
    rank = np.empty(len(numbers), dtype=np.int64)
    for indices in members:
        rank[indices] = np.arange(len(indices))
    sizes = [len(indices) for indices in members]
    parents = np.concatenate(members)
    shifts = np.repeat(np.array([shift for _, shift in places]), sizes, axis=0)
    positions = graph.positions(parents, shifts)
    depth = np.repeat(list(places.values()), sizes)

    inner = blocks.bonds[~graph.crossing]
    owner = blocks.labels[inner[:, 0]]
    bonds = [rank[inner[owner == place[0]]] + start for place, start in starts.items()]
    kept, gone, images = [], [], []
    for place, start in starts.items():
        for seam, end, there in graph.leaving(place):
            here = start + rank[graph.pairs[seam, end]]
            beyond = graph.pairs[seam, 1 - end]
            if there not in places:
                kept.append(here)
                gone.append(beyond)
                images.append(there[1])
            elif end == 0:
                bonds.append(np.array([[here, starts[there] + rank[beyond]]]))
    n, n_caps = len(parents), len(kept)
    if kept:
        outside = graph.positions(np.array(gone), np.array(images))
        caps = cap_positions(positions[kept], outside, numbers[parents[kept]])
        positions = np.vstack([positions, caps])
        bonds.append(np.column_stack([kept, np.arange(n, n + n_caps)]))

    fragment = Atoms(np.append(numbers[parents], np.ones(n_caps, dtype=int)), positions=positions)
    check_sound(fragment, np.vstack(bonds))
    depth = np.append(depth, np.full(n_caps, -1))
    parents = np.append(parents, np.full(n_caps, -1))
    return Cluster(fragment, depth == 0, depth > 0, depth < 0, parents)
