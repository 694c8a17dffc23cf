"""What large structures cost: time and memory from 456 to 100,000 atoms, and in two processes.

    python benchmarks/scaling.py [--model FILE] [--rounds 2] [--largest 6] [--json FILE]

Supercells of UiO-66 are evaluated (energy, forces, stress, features) along a walk, neighbours
included. Each has a process of its own, with one thread, and with memory handled as in the workers
of a flow. Sizes take turns, and the smallest processor time of all rounds counts, as other work on
the machine only adds to it. The exponent b is that of time = a atoms^b, by least squares of
logarithms; memory is the most that the process ever held.

Then come the same in one piece (29,184 atoms), how far a divided structure is from that (12,312
atoms), and a team of two processes against one, in turns, by the clock and by the processor time of
the busier of the two. The clock means something on two idle cores only; processor time leaves out
that one waits for the other, so it is the most that can be gained. The compiled network goes
through the sizes that it takes in one piece, compiled ahead of time.

Without --model, the network is the preset paper-8 with random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from nequip.model import NequIPGNNModel
from rich import print as show
from rich.table import Table

from nearsight.potentials import Architecture, Compiled, NequIP, Team, domains, load
from nearsight.potentials.nequip import Normalisation, build_config, building
from nearsight.systems import System, build
from tasks.pools import ENVIRONMENT

Figures = dict[str, Any]
LARGE = 4
AIM_EXPONENT, AIM_MEMORY = 1.05, 6.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="safetensors")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--largest", type=int, default=6, help="unit cells along each axis")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--part", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        name, cells = options.part
        print(json.dumps(PARTS[name](network(options.model), supercell(int(cells)))))
        return
    sizes = range(1, options.largest + 1)
    rounds = range(options.rounds)
    found = [part("along_a_walk", n, options.model) for _ in rounds for n in sizes]
    fast = [part("compiled", n, options.model) for _ in rounds for n in sizes if n <= LARGE]
    rows, compiled_rows = by_size(found), by_size(fast)
    told = {
        "exponent": exponent(rows),
        "exponent, compiled": exponent(compiled_rows),
        "aim of the exponent": AIM_EXPONENT,
        "aim of the memory of 29,184 atoms, GB": AIM_MEMORY,
        "in one piece, 29,184 atoms": part("in_one_piece", LARGE, options.model),
        "against one piece, 12,312 atoms": part("difference", LARGE - 1, options.model),
        "two processes, 29,184 atoms": part("in_a_team", LARGE, options.model),
    }
    table = Table("atoms", "s", "µs an atom", "features, s", "memory, GB")
    for row in rows + compiled_rows:
        each = [row["s"], 1e6 * row["s"] / row["atoms"], row["features, s"], row["memory, GB"]]
        table.add_row(f"{row['atoms']:,}", *(f"{value:.3g}" for value in each))
    show(table, told)
    if options.json:
        sizes_told = {"sizes": rows, "compiled": compiled_rows}
        options.json.write_text(json.dumps(sizes_told | told, indent=2) + "\n")


def figures(cells: int = LARGE) -> Figures:
    """Time and memory of one size."""
    return part("along_a_walk", cells, None)


def part(name: str, cells: int, model: Path | None) -> Figures:
    """Figures of a process of its own."""
    command = [sys.executable, __file__, "--part", name, str(cells)]
    command += ["--model", str(model)] if model else []
    environment = {**os.environ, **ENVIRONMENT}
    out = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout
    figures: Figures = json.loads(out.splitlines()[-1])
    print(name, figures, file=sys.stderr)
    return figures


def by_size(found: list[Figures]) -> list[Figures]:
    """The best of every size, the smallest first."""
    sizes = sorted({row["atoms"] for row in found})
    return [best([row for row in found if row["atoms"] == atoms]) for atoms in sizes]


def exponent(rows: list[Figures]) -> float:
    atoms, times = ([row[key] for row in rows] for key in ("atoms", "s"))
    return float(np.polyfit(np.log(atoms), np.log(times), 1)[0])


def best(rows: list[Figures]) -> Figures:
    """The smallest time, and the largest memory."""
    pick = {"memory, GB": max}
    return {key: pick.get(key, min)(row[key] for row in rows) for key in rows[0]}


def network(model: Path | None) -> NequIP:
    """A model, or the preset with random weights."""
    if model:
        return load(model)
    architecture, elements = Architecture.model_validate("paper-8"), ("C", "H", "O", "Zr")
    norm = Normalisation(dict.fromkeys(elements, -5.0), force_scale=2.0, neighbours=30.0)
    config = build_config(architecture, elements, norm, seed=0)
    del config["_target_"]
    with building():
        weights = NequIPGNNModel(**config).state_dict()
    return NequIP(architecture, elements, norm, weights)


def supercell(n: int) -> Atoms:
    atoms = build(System(variant="pr", supercell=(n, n, n)))
    step(atoms, 0.05)
    return atoms


def step(atoms: Atoms, size: float = 0.01) -> None:
    atoms.positions += np.random.default_rng().normal(0, size, atoms.positions.shape)


def along_a_walk(potential: NequIP | Compiled, atoms: Atoms) -> Figures:
    times = steps(potential.evaluate, atoms, max(3, 20_000 // len(atoms)))
    features = steps(potential.features, atoms, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    return {
        "atoms": len(atoms),
        "s": min(times),
        "features, s": min(features),
        "memory, GB": peak,
    }


def steps(ask: Callable[[Atoms], object], atoms: Atoms, count: int) -> list[float]:
    """Processor seconds of every step."""
    times = []
    for _ in range(count):
        step(atoms)
        began = time.process_time()
        ask(atoms)
        times.append(time.process_time() - began)
    return times


def compiled(potential: NequIP, atoms: Atoms) -> Figures:
    return along_a_walk(Compiled(potential, build(System(variant="pr"))), atoms)


def in_one_piece(potential: NequIP, atoms: Atoms) -> Figures:
    domains.PAIRS_AT_ONCE = sys.maxsize
    return along_a_walk(potential, atoms)


def difference(potential: NequIP, atoms: Atoms) -> Figures:
    divided = potential.evaluate(atoms)
    domains.PAIRS_AT_ONCE = sys.maxsize
    whole = potential.evaluate(atoms)
    return {
        "energy, relative": abs(divided.energy / whole.energy - 1.0),
        **{
            f"{name}, of the largest": float(
                np.abs(getattr(divided, name) - getattr(whole, name)).max()
                / np.abs(getattr(whole, name)).max()
            )
            for name in ("forces", "stress", "features")
        },
    }


def in_a_team(potential: NequIP, atoms: Atoms) -> Figures:
    """Steps alone and in a team, in turns; the fastest of each."""
    alone, together, busier = [], [], []
    with Team(potential, 2) as team:
        for _ in range(8):
            step(atoms)
            clock, ours, its = time.perf_counter(), time.process_time(), seconds_of(team)
            team.evaluate(atoms)
            together.append(time.perf_counter() - clock)
            busier.append(max(time.process_time() - ours, seconds_of(team) - its))
            clock, ours = time.perf_counter(), time.process_time()
            potential.evaluate(atoms)
            alone.append((time.perf_counter() - clock, time.process_time() - ours))
    by_clock, by_processor = np.min(alone, axis=0)
    return {
        "speed-up by the clock": by_clock / min(together),
        "speed-up by the processor": by_processor / min(busier[1:]),
        "load of the machine": os.getloadavg()[0],
    }


def seconds_of(team: Team) -> float:
    """Processor seconds of the other process so far."""
    if not team._others:
        return 0.0
    stat = Path(f"/proc/{team._others[0].process.pid}/stat").read_text()
    ticks = stat.rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


PARTS: dict[str, Callable[[NequIP, Atoms], Figures]] = {
    part.__name__: part for part in (along_a_walk, compiled, in_one_piece, difference, in_a_team)
}

if __name__ == "__main__":
    main()
