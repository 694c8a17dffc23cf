"""Tiny campaigns, everything real, at a level of theory that is slow and keeps a log."""

from __future__ import annotations

import lzma
import os
from io import StringIO
from itertools import islice
from pathlib import Path

import ase.io
from ase.calculators.singlepoint import SinglePointCalculator
from teachers import Logged

from flows.campaign import DATA, Campaign, Retraining, Start
from nearsight.potentials import TrainingSpec
from nearsight.references import CalculatorLevel
from nearsight.sampling import WalkSpec
from nearsight.uncertainty import MixtureSpec
from tasks.options import Extraction
from tasks.pools import Pool, Site

LOG = "labels.log"
"""Where a campaign's level of theory keeps its log, in the folder that the campaign runs in."""

LEVEL = CalculatorLevel(
    name="Morse", calculator="teachers.Logged", arguments={"log": LOG, "delay": 1.0}
)


def site(workers: int) -> Site:
    """A site with so many workers in every pool."""
    pool = Pool(workers=workers)
    return Site(md=pool, qm=pool, train=pool, cpu=pool)


def make_campaign(folder: Path, cycles: int = 2, labels: int = 4) -> Campaign:
    """A campaign of seconds with so many labels a cycle; its files are written to `folder`."""
    test = _relabelled(folder, "linker-defect-test", 1)
    return Campaign(
        name="tiny",
        level=LEVEL,
        start=Start(
            training=_relabelled(folder, "pristine-train", 3), model=DATA / "pristine.safetensors"
        ),
        tests={"S_ld": test},
        cycles=cycles,
        walks=1,
        walk=WalkSpec(duration=5.0, frame_interval=5.0),
        density=MixtureSpec(max_components=2, max_samples=500, quantile=0.05, margin=0.0),
        extraction=Extraction(clusters=labels, min_unknown=1),
        retraining=Retraining(replay=2, schedule=TrainingSpec(epochs=1, validation_fraction=0.3)),
        site=site(2),
    )


def _relabelled(folder: Path, name: str, count: int) -> Path:
    """The first frames of a data set that ships with Nearsight, labelled at `LEVEL`."""
    path = folder / f"{name}.extxyz"
    with lzma.open(DATA / f"{name}.extxyz.xz", "rt") as packed:
        text = StringIO(packed.read())
    frames = []
    for frame in islice(ase.io.iread(text, index=":", format="extxyz"), count):
        frame.calc = Logged(os.devnull)
        results = {
            "energy": frame.get_potential_energy(),
            "forces": frame.get_forces(),
            "stress": frame.get_stress(),
        }
        frame.info = {"level": LEVEL.name}
        frame.calc = SinglePointCalculator(frame, **results)
        frames.append(frame)
    ase.io.write(path, frames, format="extxyz")
    return path
