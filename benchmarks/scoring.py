"""What it costs to know what is unknown: scores of atoms over the evaluation of their structures.

    python benchmarks/scoring.py [--frames 100] [--json FILE]

Rattled frames of UiO-66 (456 atoms) are evaluated (energy, forces, stress, features), scored with
the mixture on those features, and described without forces, in turns of ten frames, so that all
see the same machine. Times are those of the processor, with one thread (set OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import time
from itertools import islice
from pathlib import Path

import numpy as np
from ase import Atoms
from common import tell

from flows.campaign import DATA
from nearsight.potentials import NequIP, load
from nearsight.references import SEVENNET_0
from nearsight.sampling.rattle import rattle
from nearsight.systems import System, build
from nearsight.uncertainty import Mixture, MixtureSpec
from tasks.ingest import read_labelled

AIM = 1.2
TURN = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    tell(figures(options.frames), options.json)


def figures(frames: int = 100) -> dict[str, float]:
    """Times and ratios of so many frames."""
    potential = load(DATA / "pristine.safetensors")
    mixture = density(potential)
    start = build(System(variant="pr"))
    rattled = [rattle(start, 0.05, 0.01, (0.97, 1.03), seed) for seed in range(frames)]
    evaluating, scoring, describing = 0.0, 0.0, 0.0
    for turn in range(0, frames, TURN):
        some = rattled[turn : turn + TURN]
        began = time.process_time()
        predictions = list(potential.evaluate_many(some))
        evaluated = time.process_time()
        for atoms, prediction in zip(some, predictions, strict=True):
            mixture.surprise(prediction.features, atoms.numbers)
        scored = time.process_time()
        list(potential.features_many(some))
        evaluating += evaluated - began
        scoring += scored - evaluated
        describing += time.process_time() - scored
    return {
        "frames": frames,
        "evaluation, ms a frame": 1e3 * evaluating / frames,
        "evaluation and scores over evaluation": (evaluating + scoring) / evaluating,
        "features and scores, no forces, over evaluation": (describing + scoring) / evaluating,
        "aim of evaluation and scores over evaluation": AIM,
    }


def density(potential: NequIP) -> Mixture:
    """The mixture of the training set, or of a part of it."""
    labelled = read_labelled(DATA / "pristine-train.extxyz.xz", SEVENNET_0)
    frames: list[Atoms] = [atoms for atoms, _ in islice(labelled, 20)]
    features = np.concatenate(list(potential.features_many(frames)))
    return Mixture(MixtureSpec()).fit(features, np.concatenate([a.numbers for a in frames]))


if __name__ == "__main__":
    main()
