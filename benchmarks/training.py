"""What a step of training costs, against plain nequip-train.

    python benchmarks/training.py [--architecture paper-8] [--frames 12] [--rounds 4] [--json FILE]

Both train the same network on the same frames of UiO-66 (456 atoms), one structure a batch, in
turns: nequip-train's Lightning module, loss and data pipeline, and `train`. A step is all from the
end of one batch to the end of the next. Times are those of the processor, with one thread (set
OMP_NUM_THREADS=1), so that other work on the machine does not count; figures are medians over all
steps of all rounds.
"""

from __future__ import annotations

import argparse
import json
import lzma
import tempfile
import time
from io import StringIO
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import ase.io
import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from nequip.data.datamodule import ASEDataModule
from nequip.model import NequIPGNNModel
from nequip.train import EMALightningModule
from nequip.utils.global_state import set_global_state
from rich import print as show
from rich.table import Table

from flows.campaign import DATA
from nearsight.potentials import Architecture, NequIP, TrainingSpec, train
from nearsight.potentials.nequip import build_config, building
from nearsight.potentials.normalisation import Frame
from nearsight.references import SEVENNET_0
from tasks.ingest import read_labelled

SET = DATA / "pristine-train.extxyz.xz"
AIM = 1.0
TRANSFORMS = "nequip.data.transforms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="paper-8", help="name of a preset")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    architecture = Architecture.model_validate(options.architecture)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory(prefix="nearsight-training-") as folder:
        file = Path(folder) / "frames.extxyz"
        frames = list(islice(read_labelled(SET, SEVENNET_0), options.frames))
        with lzma.open(SET, "rt") as packed:
            text = StringIO(packed.read())
            ase.io.write(file, list(islice(ase.io.iread(text, format="extxyz"), options.frames)))
        for _ in range(options.rounds):
            steps, network = our_steps(frames, architecture)
            ours += steps
            theirs += their_steps(file, network, len(frames))
    figures = {
        "atoms": len(frames[0][0]),
        "parameters": parameters(network),
        "steps": len(ours),
        "step, ms": 1e3 * np.median(ours),
        "step of nequip-train, ms": 1e3 * np.median(theirs),
        "step over step of nequip-train": np.median(ours) / np.median(theirs),
        "aim": AIM,
    }
    table = Table("", "", show_header=False)
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}")
    show(table)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def parameters(network: NequIP) -> int:
    """Numbers that training moves."""
    config = build_config(network.architecture, network.elements, network.norm, seed=0)
    del config["_target_"]
    with building():
        return sum(p.numel() for p in NequIPGNNModel(**config).parameters())


def our_steps(frames: list[Frame], architecture: Architecture) -> tuple[list[float], NequIP]:
    """Seconds of every step of one epoch, and the network."""
    ends: list[float] = []
    spec = TrainingSpec(epochs=1, device="cpu")
    trained = train(frames, architecture, spec, progress=lambda _: ends.append(time.process_time()))
    return steps_between(ends), trained.potential


def their_steps(file: Path, network: NequIP, count: int) -> list[float]:
    """Seconds of every step of one epoch of nequip-train."""
    loader = {"_target_": "torch.utils.data.DataLoader", "batch_size": 1}
    data = ASEDataModule(
        seed=0,
        split_dataset={"file_path": str(file), "train": count - 1, "val": 1},
        transforms=[
            {
                "_target_": f"{TRANSFORMS}.ChemicalSpeciesToAtomTypeMapper",
                "model_type_names": list(network.elements),
            },
            {
                "_target_": f"{TRANSFORMS}.NeighborListTransform",
                "r_max": network.architecture.r_max,
            },
        ],
        train_dataloader=loader | {"shuffle": True},
        val_dataloader=loader,
    )
    coefficients = {"total_energy": 1.0, "forces": 1.0, "stress": 1.0}
    loss = {"_target_": "nequip.train.EnergyForceStressLoss", "coeffs": coefficients}
    with building():
        module = EMALightningModule(
            model=build_config(network.architecture, network.elements, network.norm, seed=0),
            num_datasets={"train": 1, "val": 1, "test": 0},
            loss=loss,
            val_metrics=loss,
            optimizer={"_target_": "torch.optim.Adam", "lr": 0.01},
        )
    clock = Clock()
    trainer = lightning.Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[clock],
    )
    before = torch.get_default_dtype()
    set_global_state()
    torch.set_default_dtype(torch.float64)  # nequip-train's own
    try:
        trainer.fit(module, data)
    finally:
        torch.set_default_dtype(before)
    return steps_between(clock.ends)


class Clock(Callback):
    """When batches end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, *_: Any) -> None:
        self.ends.append(time.process_time())


def steps_between(ends: list[float]) -> list[float]:
    """Seconds of every step but the first, which also sets up."""
    return [end - begin for begin, end in pairwise(ends)]


if __name__ == "__main__":
    main()
