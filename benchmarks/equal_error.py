"""What labels cost until a defect is learned: clusters against periodic cells, at equal error.

    python benchmarks/equal_error.py [--sizes 5 10 20 40] [--epochs 8] [--json FILE]

Two walks through S_ld (448 atoms, one linker of UiO-66 replaced by two formates) give frames. From
the model that knows pristine UiO-66 alone, models are trained by one schedule on N whole frames, or
on N first-neighbour clusters cut around the bricks that hold formates; ten pristine structures are
shown again. Errors are MAE_p95 of forces on D_ld, which is from other walks. Labels are by the
teacher SevenNet-0, and cost what they take of the processor here.

The two curves, error against cost of the labels, are compared at the smallest error that both
reach, with straight lines between points in the logarithms of both. DFT costs more than
proportionally, and clusters gain: the second ratio counts every label as (atoms)³, which is what
campaigns expect of DFT. All of one seed: no error bars.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from ase import Atoms
from common import tell

from flows.campaign import DATA
from nearsight.blocks import UnsoundCluster, cut, partition
from nearsight.metrics import mae_pk
from nearsight.potentials import TrainingSpec, load, train
from nearsight.potentials.normalisation import Frame
from nearsight.references import SEVENNET_0
from nearsight.references.calculator_program import label
from nearsight.references.calculator_program import load as load_calculator
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.systems import System, build
from tasks.ingest import read_labelled

PERIODIC, CLUSTERS = "periodic", "clusters"
SKIP, REPLAY, DFT = 100.0, 10, 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 10, 20, 40])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    tell(figures(options.sizes, options.epochs), options.json)


def figures(sizes: Sequence[int] = (5, 10, 20, 40), epochs: int = 8) -> dict[str, float]:
    """Errors, costs, and their ratios at equal error. Frames are half as many as clusters."""
    structures = drawn(max(sizes))
    wanted = {PERIODIC: [max(2, n // 2) for n in sizes], CLUSTERS: list(sizes)}
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        pending = {
            arm: pool.submit(curve, structures[arm], wanted[arm], epochs) for arm in structures
        }
        errors, seconds = {}, {}
        for arm, told in pending.items():
            errors[arm], seconds[arm] = told.result()
    atoms = {arm: float(np.mean([len(a) for a in structures[arm]])) for arm in structures}
    found = {f"atoms of {arm}": atoms[arm] for arm in structures}
    found |= {f"label of {arm}, s": seconds[arm] for arm in structures}
    for arm in structures:
        for n, error in zip(wanted[arm], errors[arm], strict=True):
            found[f"MAE_p95 with {n} {arm}, meV/Å"] = error
    cubes = {arm: (atoms[arm] / 100) ** DFT for arm in structures}
    level, teacher = at_equal_error(errors, wanted, seconds)
    return found | {
        "equal error, meV/Å": level,
        "cost of labels, periodic over clusters, teacher": teacher,
        "the same, (atoms)³": at_equal_error(errors, wanted, cubes)[1],
    }


def drawn(count: int) -> dict[str, list[Atoms]]:
    """Half as many frames as `count`, of two walks through S_ld, and clusters cut from them."""
    sampler = load(DATA / "sampler.safetensors")
    start = build(System(variant="ld"))
    blocks = partition(start)
    sizes = [len(blocks.members(block)) for block in range(len(blocks))]
    bricks = [block for block, kind in enumerate(blocks.kinds) if kind == "brick"]
    with_formates = [b for b in bricks if sizes[b] > min(sizes[b] for b in bricks)]
    each = -(-count // 4)
    interval = 10.0
    spec = WalkSpec(duration=SKIP + each * interval, frame_interval=interval, pressure=(-2.0, 3.5))
    frames = [
        walk.frame(int(i))
        for walk in (OpenMM().walk(start, sampler, spec, seed) for seed in (101, 102))
        for i in np.flatnonzero(walk.times >= SKIP)
    ]
    rng = np.random.default_rng(0)
    frames = [frames[i] for i in rng.permutation(len(frames))]
    clusters = []
    for frame in frames:
        for brick in with_formates:
            try:
                clusters.append(cut(frame, blocks, brick).atoms)
            except UnsoundCluster:
                continue
    return {PERIODIC: frames[: count // 2], CLUSTERS: clusters[:count]}


def curve(structures: list[Atoms], sizes: Sequence[int], epochs: int) -> tuple[list[float], float]:
    """Error (meV/Å) of a model of every size, and processor seconds of a label."""
    labelled, seconds = labels(structures)
    pristine = list(read_labelled(DATA / "pristine-train.extxyz.xz", SEVENNET_0))
    again = pristine[:: len(pristine) // REPLAY][:REPLAY]
    test = list(islice(read_labelled(DATA / "linker-defect-test.extxyz.xz", SEVENNET_0), 0, 50, 2))
    parent = load(DATA / "pristine.safetensors")
    spec = TrainingSpec(epochs=epochs, learning_rate=0.008, device="cpu")
    errors = []
    for size in sizes:
        potential = train(again + labelled[:size], parent.architecture, spec, parent).potential
        told = potential.evaluate_many(atoms for atoms, _ in test)
        wrong = [p.forces - known.forces for p, (_, known) in zip(told, test, strict=True)]
        errors.append(1e3 * mae_pk(np.concatenate(wrong), 95))
    return errors, seconds


def labels(structures: list[Atoms]) -> tuple[list[Frame], float]:
    """The teacher's labels, and the median of the processor seconds that one took."""
    teacher = load_calculator(SEVENNET_0.calculator, json.dumps(SEVENNET_0.arguments))
    label(teacher, structures[0].copy())  # loads what it needs
    frames, seconds = [], []
    for atoms in structures:
        began = time.process_time()
        told = label(teacher, atoms.copy())
        seconds.append(time.process_time() - began)
        frames.append((atoms, told))
    return frames, float(np.median(seconds))


def at_equal_error(
    errors: dict[str, list[float]], sizes: dict[str, list[int]], cost: dict[str, float]
) -> tuple[float, float]:
    """The smallest error that both arms reach, and there the cost of one over the other's."""
    best = {arm: np.minimum.accumulate(errors[arm]) for arm in errors}
    level = max(curve[-1] for curve in best.values())

    def spent(arm: str) -> float:
        x, y = np.log(best[arm])[::-1], np.log(cost[arm] * np.array(sizes[arm]))[::-1]
        return float(np.exp(np.interp(np.log(level), x, y)))

    return float(level), spent(PERIODIC) / spent(CLUSTERS)


if __name__ == "__main__":
    main()
