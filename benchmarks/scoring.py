"""What it costs to know what is unknown: scores of atoms over the evaluation of their structures.

    python benchmarks/scoring.py [--frames 100] [--json FILE]

Rattled frames of UiO-66 (456 atoms) are evaluated (energy, forces, stress, features), scored with
the mixture on those features, and described without forces, in turns of ten frames, so that all
see the same machine. Times are those of the processor, with one thread (set OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import islice
from pathlib import Path

import numpy as np
from ase import Atoms
from rich import print as show
from rich.table import Table

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
    potential = load(DATA / "pristine.safetensors")
    mixture = density(potential)
    start = build(System(variant="pr"))
    frames = [rattle(start, 0.05, 0.01, (0.97, 1.03), seed) for seed in range(options.frames)]
    evaluating, scoring, describing = 0.0, 0.0, 0.0
    for turn in range(0, len(frames), TURN):
        some = frames[turn : turn + TURN]
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
    figures = {
        "frames": len(frames),
        "evaluation, ms a frame": 1e3 * evaluating / len(frames),
        "evaluation and scores over evaluation": (evaluating + scoring) / evaluating,
        "features and scores, no forces, over evaluation": (describing + scoring) / evaluating,
        "aim of evaluation and scores over evaluation": AIM,
    }
    table = Table("", "", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}")
    show(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def density(potential: NequIP) -> Mixture:
    """The mixture of the training set, or of a part of it."""
    labelled = read_labelled(DATA / "pristine-train.extxyz.xz", SEVENNET_0)
    frames: list[Atoms] = [atoms for atoms, _ in islice(labelled, 20)]
    features = np.concatenate(list(potential.features_many(frames)))
    return Mixture(MixtureSpec()).fit(features, np.concatenate([a.numbers for a in frames]))


if __name__ == "__main__":
    main()
