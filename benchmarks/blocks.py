"""How fast frameworks fall apart into blocks and clusters, and what becomes of given structures.

    python benchmarks/blocks.py [CIF ...] [--json FILE]

Everything runs on one core: set OMP_NUM_THREADS=1. From scratch means bond graph, blocks and block
graph of UiO-66 in supercells of growing size; then first-neighbour clusters around 150 blocks of
the largest are cut, checked and capped. Every figure is the best of five runs.

With structure files, such as those of the CoRE MOF database (`pip install --no-deps core-mof`), a
second table counts those that were taken apart, and the reasons why the others were refused.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import ase.io
import numpy as np
from common import load, machine
from rich import print as show
from rich.table import Table

from nearsight.blocks import (
    Blueprint,
    UnsoundCluster,
    UnsupportedFramework,
    cut,
    find_bonds,
    partition,
)
from nearsight.blocks.graph import BlockGraph
from nearsight.systems import System, build

SUPERCELLS = (1, 2, 3, 4)
CLUSTERS, REPEATS = 150, 5
AIM_SCRATCH, AIM_CLUSTERS = 0.5, 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, help="structures to take apart, too")
    parser.add_argument("--json", type=Path, help="file for the figures")
    chosen = parser.parse_args()
    about = machine("ase", "numpy", "scipy", "matscipy")
    speeds = [speed(n) for n in SUPERCELLS]
    outcomes = Counter(outcome(file) for file in chosen.files)
    about["load at the end"] = load()
    show(", ".join(f"{key}: {value}" for key, value in about.items()))
    show(speed_table(speeds))
    if outcomes:
        show(outcome_table(outcomes))
    if chosen.json:
        found = {"about": about, "speed": speeds, "outcomes": outcomes}
        chosen.json.write_text(json.dumps(found, indent=2) + "\n")


def speed(n: int) -> dict[str, float]:
    """Seconds that a supercell of n x n x n takes."""
    atoms = build(System(variant="pr", supercell=(n, n, n)))
    blocks = partition(atoms)
    cores = np.arange(CLUSTERS) % len(blocks)
    blueprint = Blueprint(mantle=1)

    def from_scratch() -> None:
        BlockGraph(atoms, partition(atoms))

    def clusters() -> None:
        for core in cores:
            cut(atoms, blocks, int(core), blueprint)

    return {
        "atoms": len(atoms),
        "bonds": best(lambda: find_bonds(atoms)),
        "from scratch": best(from_scratch),
        f"{CLUSTERS} clusters": best(clusters),
    }


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def outcome(file: Path) -> str:
    """What became of a structure, with atoms, formulas and numbers left out."""
    try:
        atoms = ase.io.read(file)
    except Exception:  # ASE's readers raise whatever their parsers do
        return "not read: ASE cannot"
    try:
        blocks = partition(atoms)
    except UnsupportedFramework as refusal:
        reason = re.sub(r"atom \d+ \(\w+\)", "an atom", str(refusal).split(":")[0])
        return f"refused: {re.sub(r'[A-Z]+[A-Za-z]*[0-9][A-Za-z0-9]*|[0-9.]+', '…', reason)}"
    endless = sorted({"rod", "layer"} & set(blocks.kinds))
    if endless:
        return f"blocks, with a {' and a '.join(endless)}"
    try:
        cut(atoms, blocks, blocks.kinds.index("brick"))
    except UnsoundCluster as refusal:
        reason = re.search("odd number|formal charge|clash", str(refusal))
        return f"blocks, but a brick's cluster is refused: {reason[0] if reason else refusal}"
    return "blocks, and a sound cluster around a brick"


def speed_table(speeds: list[dict[str, float]]) -> Table:
    table = Table(title="UiO-66, seconds on one core", title_justify="left")
    for column in speeds[0]:
        table.add_column(column, justify="right")
    for row in speeds:
        table.add_row(f"{row['atoms']:,}", *(f"{s:.3f}" for s in list(row.values())[1:]))
    table.add_row("aim", "", f"{AIM_SCRATCH}", f"{AIM_CLUSTERS}")
    return table


def outcome_table(outcomes: Counter[str]) -> Table:
    table = Table("structures", "outcome", title="Structures taken apart", title_justify="left")
    for reason, count in outcomes.most_common():
        table.add_row(str(count), reason)
    return table


if __name__ == "__main__":
    main()
