"""How a framework falls apart into building blocks and is cut into clusters."""

from nearsight.blocks.base import (
    Blocks,
    Blueprint,
    Cluster,
    Partition,
    UnsoundCluster,
    UnsupportedFramework,
)
from nearsight.blocks.bonds import find_bonds
from nearsight.blocks.cluster import cut
from nearsight.blocks.partition import Carboxylate, partition
from nearsight.blocks.selection import choose, fingerprint, rank

__all__ = [
    "Blocks",
    "Blueprint",
    "Carboxylate",
    "Cluster",
    "Partition",
    "UnsoundCluster",
    "UnsupportedFramework",
    "choose",
    "cut",
    "find_bonds",
    "fingerprint",
    "partition",
    "rank",
]
