"""What it costs to find and cut out what is unknown in a supercell, beside evaluating it.

    python benchmarks/supercell.py [--cells 4] [--json FILE]

S_sup, 22,052 atoms of UiO-66 with bricks and linkers missing (Zr stands in for its Hf, which the
network that ships with Nearsight does not know), is evaluated, scored by the mixture, taken apart
into blocks, and first-neighbour clusters are cut around the 150 blocks that are most unknown. Times
are those of the processor, with one thread (set OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from ase.data import atomic_numbers
from common import tell
from scoring import density

from flows.campaign import DATA
from nearsight.blocks import Blocks, Cluster, UnsoundCluster, cut, partition, rank
from nearsight.potentials import load
from nearsight.systems import Disorder, System, build

T = TypeVar("T")
DISORDER = Disorder(hf=0.2, brick=0.1, linker=0.2)
CLUSTERS = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=4, help="unit cells along each axis")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    tell(figures(options.cells), options.json)


def figures(cells: int = 4) -> dict[str, float]:
    """Times, and their ratios to that of an evaluation."""
    atoms = build(System(disorder=DISORDER, supercell=(cells, cells, cells)))
    atoms.numbers[atoms.symbols == "Hf"] = atomic_numbers["Zr"]
    atoms.rattle(0.05, seed=0)
    potential = load(DATA / "pristine.safetensors")
    mixture = density(potential)
    evaluating, prediction = timed(lambda: potential.evaluate(atoms))
    scoring, surprise = timed(lambda: mixture.surprise(prediction.features, atoms.numbers))

    def clusters(blocks: Blocks) -> list[Cluster]:
        found = []
        for block in rank(blocks, surprise > 0)[0][:CLUSTERS]:
            with suppress(UnsoundCluster):
                found.append(cut(atoms, blocks, int(block)))
        return found

    dividing, blocks = timed(lambda: partition(atoms))
    cutting, found = timed(lambda: clusters(blocks))
    return {
        "atoms": len(atoms),
        "clusters": len(found),
        "evaluation, s": evaluating,
        "scores, s": scoring,
        "blocks, s": dividing,
        "clusters, s": cutting,
        "scores over evaluation": scoring / evaluating,
        "blocks and clusters over evaluation": (dividing + cutting) / evaluating,
    }


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds, and what came out."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


if __name__ == "__main__":
    main()
