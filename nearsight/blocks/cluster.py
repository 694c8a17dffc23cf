"""Clusters: blocks around a core, cut out of a frame and capped (paper, Sections 2.4 and 4.2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii
from numpy.typing import NDArray

from nearsight.blocks.base import ENDLESS, Blocks, Blueprint, Cluster, UnsoundCluster, Within
from nearsight.blocks.graph import BlockGraph, Place, places_within, seats
from nearsight.blocks.soundness import check_sound

_LENGTHS = {"B": 1.19, "C": 1.09, "N": 1.01, "O": 0.96, "Si": 1.48, "P": 1.42, "S": 1.34}
CAP_LENGTHS: NDArray[np.float64] = covalent_radii + covalent_radii[1]
"""(119,) length in Å of the bond between an element and the hydrogen that caps it."""
CAP_LENGTHS[[atomic_numbers[symbol] for symbol in _LENGTHS]] = list(_LENGTHS.values())

_DEFAULT = Blueprint()


def cap_positions(
    kept: NDArray[np.float64], gone: NDArray[np.float64], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Hydrogens (n, 3) in Å that take the place of `gone` (n, 3) on the atoms `kept` (n, 3).

    `numbers` (n,) are the atomic numbers of the kept atoms. The direction of the bond is kept.
    """
    along = gone - kept
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    return np.asarray(kept + CAP_LENGTHS[numbers][:, None] * along)


def cut(
    atoms: Atoms, blocks: Blocks, core: int | Sequence[int], blueprint: Blueprint = _DEFAULT
) -> Cluster:
    """Cut a finite cluster out of a frame: core, mantle of whole blocks, hydrogen caps.

    The mantle holds every block within `blueprint.mantle` seams of the core, or every block near
    it. Where the cell is so small that the mantle reaches several images of a block, each image is
    an own piece, and a seam that leads out of the cluster is cut and capped. Many clusters of one
    frame are cheap: its block graph is kept until another frame is cut.

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
    graph = _graph(atoms, blocks)
    places = dict.fromkeys(seats(graph, wanted), 0)
    if isinstance(blueprint.mantle, Within):
        places |= dict.fromkeys(places_within(graph, list(places), blueprint.mantle.radius), 1)
    else:
        _add_shells(graph, places, blueprint.mantle)
    for block, _ in places:
        if blocks.kinds[block] in ENDLESS:
            raise UnsoundCluster(
                f"block {block} is a {blocks.kinds[block]} that runs through the periodic cell "
                "without end: choose a core and a mantle that do not reach it"
            )
    return _assemble(graph, places)


_last_graph: tuple[Blocks, BlockGraph] | None = None


def _graph(atoms: Atoms, blocks: Blocks) -> BlockGraph:
    """The block graph of a frame, made anew only if `atoms` or `blocks` are not the last ones."""
    global _last_graph
    if _last_graph is not None:
        last_blocks, last = _last_graph
        if last_blocks is blocks and last.atoms == atoms:
            return last
    graph = BlockGraph(atoms.copy(), blocks)
    _last_graph = blocks, graph
    return graph


def _add_shells(graph: BlockGraph, places: dict[Place, int], depth: int) -> None:
    shell = list(places)
    for step in range(1, depth + 1):
        reached = [there for here in shell for _, _, there in graph.leaving(here)]
        shell = [place for place in dict.fromkeys(reached) if place not in places]
        places.update(dict.fromkeys(shell, step))


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
    numbers = graph.atoms.numbers
    members = [graph.members(block) for block, _ in places]
    sizes = [len(indices) for indices in members]
    starts = dict(zip(places, np.cumsum([0, *sizes]).tolist(), strict=False))
    parents = np.concatenate(members)
    shifts = np.repeat(np.array([shift for _, shift in places]), sizes, axis=0)
    positions = graph.positions(parents, shifts)
    depth = np.repeat(list(places.values()), sizes)

    bonds = [graph.bonds(place[0]) + start for place, start in starts.items()]
    kept, gone, images = [], [], []
    for place, start in starts.items():
        for seam, end, there in graph.leaving(place):
            inside, outside = graph.pairs[seam, end], graph.pairs[seam, 1 - end]
            here = start + graph.rank[inside]
            if there not in places:
                kept.append(here)
                gone.append(outside)
                images.append(there[1])
            elif end == 0:
                bonds.append(np.array([[here, starts[there] + graph.rank[outside]]]))
    n, n_caps = len(parents), len(kept)
    if kept:
        caps = cap_positions(
            positions[kept],
            graph.positions(np.array(gone), np.array(images)),
            numbers[parents[kept]],
        )
        positions = np.vstack([positions, caps])
        bonds.append(np.column_stack([kept, np.arange(n, n + n_caps)]))

    fragment = Atoms(np.append(numbers[parents], np.ones(n_caps, dtype=int)), positions=positions)
    check_sound(fragment, np.vstack(bonds))
    depth = np.append(depth, np.full(n_caps, -1))
    parents = np.append(parents, np.full(n_caps, -1))
    return Cluster(fragment, depth == 0, depth > 0, depth < 0, parents)
