"""The seam to partitions of a framework, and what a partition and a cluster are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Protocol

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from pydantic import Field

from nearsight.spec import Spec


class UnsupportedFramework(ValueError):
    """The structure could not be taken apart into building blocks; the message says why."""


class UnsoundCluster(ValueError):
    """The cluster would be charged, open shell or clashing; the message says why."""


ENDLESS = ("rod", "layer")
"""Kinds of blocks that run through the periodic cell without end."""


@dataclass(frozen=True)
class Blocks:
    """A framework taken apart into building blocks (paper, Figure 5A).

    Attributes
    ----------
    labels
        (n_atoms,) block of every atom, 0 to n_blocks - 1.
    kinds
        One name per block: "brick", "linker", "guest", or, without end, "rod" or "layer".
    seams
        (n_seams, 2) pairs of atoms whose bond is cut between blocks.
    bonds
        (n_bonds, 2) pairs of bonded atoms, first below second, seams among them.
    """

    labels: NDArray[np.int64]
    kinds: tuple[str, ...]
    seams: NDArray[np.int64]
    bonds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.kinds)

    def members(self, block: int) -> NDArray[np.int64]:
        """Indices of the atoms of `block`."""
        return np.flatnonzero(self.labels == block)

    def neighbours(self, block: int) -> NDArray[np.int64]:
        """Blocks that share a seam with `block`, sorted."""
        ends = self.labels[self.seams]
        across = ends[(ends == block).any(axis=1)]
        return np.unique(across[across != block])


class Within(Spec, title="within a radius"):
    """A mantle by distance."""

    radius: float = Field(
        gt=0, le=20, title="Radius", description="Å around the core's atoms that the mantle reaches"
    )


class Blueprint(Spec):
    """How a cluster is built around its core (paper, Section 2.4)."""

    mantle: Annotated[int, Field(ge=0, le=3)] | Within = Field(
        default=1,
        title="Mantle",
        description="shells of neighbouring blocks, or all blocks, guests too, within a radius",
    )
    cap: Literal["H"] = Field(default="H", title="Termination")


@dataclass(frozen=True)
class Cluster:
    """A finite fragment: core, mantle and termination (paper, Section 2.4).

    Attributes
    ----------
    atoms
        The fragment, not periodic, in the orientation of its parent.
    core, mantle, caps
        (n_atoms,) masks that add up to all atoms.
    parent_indices
        (n_atoms,) index of every atom in the parent, -1 for caps.
    """

    atoms: Atoms
    core: NDArray[np.bool_]
    mantle: NDArray[np.bool_]
    caps: NDArray[np.bool_]
    parent_indices: NDArray[np.int64]


class Partition(Protocol):
    """A rule that takes frameworks apart."""

    def blocks(self, atoms: Atoms) -> Blocks: ...
