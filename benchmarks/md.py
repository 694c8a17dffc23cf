"""What molecular dynamics costs beyond the network: an NPT step over a bare call of the model.

    python benchmarks/md.py [--steps 100] [--compiled] [--json FILE]

UiO-66 (456 atoms) is walked through at 600 K by OpenMM. After every step come a bare call, energy,
forces and stress of the same atoms, their graph being ready, and a step of ASE's Langevin dynamics
with NequIP's own calculator, at constant volume. So all three see the same machine. Times are those
of the processor, with one thread (set OMP_NUM_THREADS=1).

With --compiled, OpenMM walks with the compiled network, and the bare call is one of that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from common import tell
from nequip.data.transforms import ChemicalSpeciesToAtomTypeMapper, NeighborListTransform
from nequip.integrations.ase import NequIPCalculator
from numpy.typing import NDArray

from flows.campaign import DATA
from nearsight.potentials import Compiled, NequIP, Potential, Prediction, load
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.systems import System, build

AIM = 1.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100, help="hundreds of them")
    parser.add_argument("--compiled", action="store_true", help="walk with the compiled network")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    tell(figures(options.steps, options.compiled), options.json)


def figures(steps: int = 100, compiled: bool = False) -> dict[str, float]:
    """Times and ratios of so many steps."""
    network = load(DATA / "pristine.safetensors")
    atoms = build(System(variant="pr"))
    walker = Compiled(network, atoms) if compiled else network
    step, bare, ase_step = measure(network, walker, atoms, steps)
    return {
        "atoms": len(atoms),
        "steps": len(step),
        "bare call, ms": 1e3 * np.median(bare),
        "OpenMM step over bare call, median": np.median(step) / np.median(bare),
        "OpenMM step over bare call, mean": np.mean(step) / np.mean(bare),
        "ASE step with NequIP's calculator over OpenMM step, median": np.median(ase_step)
        / np.median(step),
        "aim of OpenMM step over bare call": AIM,
    }


def measure(
    network: NequIP, walker: NequIP | Compiled, atoms: Atoms, steps: int
) -> tuple[list[float], list[float], list[float]]:
    """Processor seconds of every OpenMM step, bare call and ASE step, one after another."""
    seen = Remembering(walker)
    ase_walk = langevin(network, atoms)
    ase_walk.run(3)
    times: tuple[list[float], list[float], list[float]] = ([], [], [])
    began = 0.0

    def between_steps(done: float) -> None:
        nonlocal began
        if began:
            times[0].append(time.process_time() - began)
            graph = walker.graph(seen.last)
            times[1].append(clock(lambda: walker.model(graph)))
            times[2].append(clock(lambda: ase_walk.run(1)))
        began = time.process_time()

    # a walk tells its progress a hundred times: at every step of a hundred
    for seed in range(max(1, steps // 100)):
        began = 0.0
        spec = WalkSpec(duration=50.0, timestep=0.5)
        OpenMM().walk(atoms, seen, spec, seed, between_steps)
    return times


class Remembering:
    """A potential that knows what it was last asked."""

    def __init__(self, potential: Potential) -> None:
        self.potential = potential
        self.last = Atoms()

    def evaluate(self, atoms: Atoms) -> Prediction:
        self.last = atoms
        return self.potential.evaluate(atoms)

    def features(self, atoms: Atoms) -> NDArray[np.float64]:
        return self.potential.features(atoms)


def langevin(network: NequIP, atoms: Atoms) -> Langevin:
    """ASE's Langevin dynamics with the calculator that comes with NequIP."""
    atoms = atoms.copy()
    transforms = [
        ChemicalSpeciesToAtomTypeMapper(model_type_names=list(network.elements)),
        NeighborListTransform(r_max=network.architecture.r_max),
    ]
    atoms.calc = NequIPCalculator(network.model, network.device, transforms=transforms)
    MaxwellBoltzmannDistribution(atoms, temperature_K=600.0, rng=np.random.default_rng(0))
    return Langevin(
        atoms,
        timestep=0.5 * units.fs,
        temperature_K=600.0,
        friction=0.005 / units.fs,
        fixcm=False,
        rng=np.random.default_rng(0),
    )


def clock(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


if __name__ == "__main__":
    main()
