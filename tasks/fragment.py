"""Fragment: one chosen block cut out of a structure, by a blueprint (paper, Section 4.2)."""

from __future__ import annotations

from nearsight.blocks import Blocks, Blueprint, cut, fingerprint
from storage import Lake
from storage.origin import Origin
from tasks.explore import read_structure
from tasks.extract import cluster_arrays


def put_fragment(
    lake: Lake, structure: str, start: str, blocks: Blocks, core: int, blueprint: Blueprint
) -> str:
    """Cut a cluster out of a structure and leave it in the lake; its key.

    `blocks` are those of the structure `start`, which the system begins with.

    Raises
    ------
    UnsoundCluster
        The cluster would be charged, open shell, torn or clashing.
    """
    where = {"core": core, "blueprint": blueprint.model_dump(mode="json")}
    origin = Origin("cluster", where, [structure, start])
    if not lake.has("cluster", origin.key):
        cluster = cut(read_structure(lake, structure), blocks, core, blueprint)
        metadata = {
            "structure": structure,
            "start": start,
            "core_block": core,
            "system": lake.get("structure", start).metadata["system"],
            "fingerprint": fingerprint(cluster),
            "formula": cluster.atoms.get_chemical_formula(),
        }
        lake.put(origin.record(metadata, cluster_arrays(cluster)))
    return origin.key
