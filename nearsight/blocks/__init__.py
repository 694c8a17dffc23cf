"""How a framework falls apart into building blocks and is cut into clusters."""

from nearsight.blocks.base import (
    Blocks,
    Blueprint,
    Cluster,
    Partition,
    UnsoundCluster,
    UnsupportedFramework,
    Within,
)
from nearsight.blocks.bonds import find_bonds
from nearsight.blocks.cluster import cut
from nearsight.blocks.partition import General, partition
from nearsight.blocks.selection import choose, fingerprint, rank

__all__ = [
    "Blocks",
    "Blueprint",
    "Cluster",
    "General",
    "Partition",
    "UnsoundCluster",
    "UnsupportedFramework",
    "Within",
    "choose",
    "cut",
    "find_bonds",
    "fingerprint",
    "partition",
    "rank",
]
