"""What a network costs on a GPU: as it is, compiled, and with a library of equivariant kernels.

    python benchmarks/gpu.py [--model FILE] [--largest 6] [--json FILE]

Supercells of UiO-66 are evaluated (energy, forces, stress, features). `network` is the time of the
network itself, by the clock, neighbours being at hand on the GPU; `step` has all that an evaluation
along a walk needs. Times are medians of five; memory is the most that the GPU held. The kernels are
those of OpenEquivariance, where that is installed; Nearsight itself does not use them, as they do
not add up in one order. Compiling takes two minutes, once.

Without --model, the network is the preset paper-8 with random weights.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from nequip.nn.interaction_block import TensorProductScatter
from rich import print as show
from rich.table import Table
from scaling import network, step, supercell

from nearsight.potentials import Compiled, NequIP
from nearsight.potentials.nequip import best_device, building


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="safetensors")
    parser.add_argument("--largest", type=int, default=6, help="unit cells along each axis")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    data = network(options.model).to_bytes()
    rows = [
        {"what": what, **figures(potential, supercell(n))}
        for what, potential in variants(data, best_device())
        for n in (1, 2, 4, 6)
        if n <= options.largest
    ]
    table = Table(*rows[0], title=device_name())
    for row in rows:
        table.add_row(*(v if isinstance(v, str) else f"{v:.4g}" for v in row.values()))
    show(table)
    if options.json:
        options.json.write_text(json.dumps({device_name(): rows}, indent=2) + "\n")


def device_name() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU: the processor"


def variants(data: bytes, device: str) -> Iterator[tuple[str, NequIP | Compiled]]:
    """The same network in other forms."""
    example = supercell(1)
    yield "network", NequIP.from_bytes(data, device)
    yield "compiled", Compiled(NequIP.from_bytes(data, device), example)
    if device == "cuda" and find_spec("openequivariance"):
        yield "kernels", with_kernels(NequIP.from_bytes(data, device))


def with_kernels(potential: NequIP) -> NequIP:
    """Its tensor products by OpenEquivariance."""
    with building():
        TensorProductScatter.enable_OpenEquivariance(potential.model)
    potential.model.to(potential.device).requires_grad_(False)
    return potential


def figures(potential: NequIP | Compiled, atoms: Atoms) -> dict[str, float]:
    graph = potential.graph(atoms)
    bare = seconds(lambda: potential.model(graph))

    def one_step() -> None:
        step(atoms)
        potential.evaluate(atoms)

    whole = seconds(one_step)
    held = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else np.nan
    return {
        "atoms": len(atoms),
        "network, ms": 1e3 * bare,
        "step, ms": 1e3 * whole,
        "atoms a second": len(atoms) / bare,
        "memory, GB": held / 1e9,
    }


def seconds(call: Callable[[], object]) -> float:
    """The median of five, after two that warm up."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    times = []
    for _ in range(7):
        began = time.perf_counter()
        call()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return float(np.median(times[2:]))


if __name__ == "__main__":
    main()
