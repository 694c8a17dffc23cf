"""All benchmarks in one run on this machine: one table of ratios, and a JSON file with it all.

    python benchmarks/run.py [NAME ...] [--json FILE]

Every benchmark has a fresh process. What a ratio compares took turns in it, and was measured by the
processor wherever there was no other way to see it than by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from common import load, machine
from places import READ_ALL, SIZE_ALL, WRITE_ALL
from rich.console import Console
from rich.table import Table

PACKAGES = (
    *("ase", "dask", "distributed", "h5py", "icechunk", "nequip", "numpy", "openmm", "prefect"),
    *("sevenn", "torch", "zarr"),
)


@dataclass(frozen=True)
class Row:
    """One line of the table: `what` over `over` is a figure, or one per another."""

    what: str
    over: str
    figure: str
    per: str = ""
    aim: str = ""

    def value(self, found: Mapping[str, float]) -> float:
        return found[self.figure] / (found[self.per] if self.per else 1.0)


@dataclass(frozen=True)
class Bench:
    """A module's `figures`, its arguments, and what goes into the table."""

    module: str
    arguments: Mapping[str, Any]
    rows: tuple[Row, ...]


def lake_rows(rival: str, aims: tuple[str, str, str]) -> tuple[Row, ...]:
    """How many times the lake is faster and smaller than a file."""
    return tuple(
        Row(f"{figure}: {rival}", "the lake", f"{rival}: {figure}", f"local: {figure}", aim)
        for figure, aim in zip((WRITE_ALL, READ_ALL, SIZE_ALL), aims, strict=True)
    )


def label_rows(place: str) -> tuple[Row, ...]:
    """What 1,000 labels of a millisecond cost beyond plain Dask."""
    labels = f"1,000 labels, {place}"
    over, overhead = "flow over plain Dask", "overhead, ms a label"
    return (
        Row(f"{labels}: by a flow", "by plain Dask", f"{labels}: {over}"),
        Row("the overhead, ms a label", "", f"{labels}: {overhead}", aim="50"),
        Row("the same, processor, ms a label", "", f"{labels}: overhead, processor, ms a label"),
    )


SET = {
    "label cost": Bench(
        "equal_error",
        {"sizes": [5, 10, 20], "epochs": 6},
        (
            Row(
                "labels of cells, until a defect is learned as well",
                "labels of clusters, by the teacher",
                "cost of labels, periodic over clusters, teacher",
                aim="5, by DFT",
            ),
            Row("the same, (atoms)³ a label", "", "the same, (atoms)³"),
        ),
    ),
    "md": Bench(
        "md",
        {"steps": 200},
        (
            Row(
                "an NPT step (OpenMM)",
                "a bare call of the network",
                "OpenMM step over bare call, median",
                aim="1.1",
            ),
            Row(
                "steps a second",
                "those of ASE, NVT, with NequIP's own calculator",
                "ASE step with NequIP's calculator over OpenMM step, median",
            ),
        ),
    ),
    "md, compiled": Bench(
        "md",
        {"steps": 200, "compiled": True},
        (
            Row(
                "an NPT step, compiled",
                "a bare call of the compiled network",
                "OpenMM step over bare call, median",
                aim="1.1",
            ),
            Row(
                "steps a second, compiled",
                "those of ASE, NVT, with NequIP's own calculator",
                "ASE step with NequIP's calculator over OpenMM step, median",
            ),
        ),
    ),
    "supercell": Bench(
        "supercell",
        {},
        (
            Row("scores of 22,052 atoms", "their evaluation", "scores over evaluation", aim="0.2"),
            Row(
                "their blocks, and 150 clusters",
                "their evaluation",
                "blocks and clusters over evaluation",
            ),
        ),
    ),
    "lake": Bench(
        "lake",
        {"clusters": 2000, "rounds": 1},
        (*lake_rows("XYZ", ("5", "20", "3")), *lake_rows("HDF5", ("", "", ""))),
    ),
    "orchestration": Bench(
        "orchestration",
        {"labels": [1000]},
        (*label_rows("a local lake"), *label_rows("a lake on S3")),
    ),
    "campaign": Bench(
        "campaign",
        {},
        (
            Row("overhead of a Prefect task, ms", "", "overhead of a task, ms"),
            Row("the same, processor, ms", "", "overhead of a task, processor, ms"),
            Row(
                "a campaign of two cycles, 20 labels",
                "its functions in a loop",
                "campaign over its pieces in a loop",
            ),
            Row("its overhead, s", "", "overhead of a campaign, s"),
            Row("the same, processor, s", "", "overhead of a campaign, processor, s"),
        ),
    ),
    "rerun": Bench(
        "rerun",
        {"labels": 500},
        (
            Row(
                "a campaign of 500 labels",
                "the same again: nothing to do",
                "first run over run again",
            ),
        ),
    ),
    "memory": Bench(
        "scaling",
        {},
        (Row("memory of 29,184 atoms, GB", "", "memory, GB", aim="6"),),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SET)}")
    parser.add_argument("--json", type=Path, help="file for it all")
    options = parser.parse_args()
    if unknown := set(options.names) - SET.keys():
        parser.error(f"no benchmark {unknown.pop()!r}: there are {', '.join(SET)}")
    os.environ |= {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    about = machine(*PACKAGES)
    told: dict[str, Any] = {"about": about, "rows": [], "benchmarks": {}}
    for name in options.names or SET:
        bench = SET[name]
        began, busy = time.perf_counter(), load()
        found = alone(bench.module, bench.arguments)
        seconds = round(time.perf_counter() - began)
        print(f"{name}: {seconds} s", flush=True)
        told["benchmarks"][name] = {"seconds": seconds, "load": busy, "figures": found}
        told["rows"] += [asdict(row) | {"value": row.value(found)} for row in bench.rows]
        about["load at the end"] = load()
        about["all, s"] = sum(each["seconds"] for each in told["benchmarks"].values())
        if options.json:  # after each, so that a run that is cut off keeps its figures
            options.json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    Console(width=120).print(table(told))


def alone(module: str, arguments: Mapping[str, Any]) -> dict[str, float]:
    """Figures of a module, from a process of its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(figures, module, dict(arguments)).result()


def figures(module: str, arguments: dict[str, Any]) -> dict[str, float]:
    """Figures of a module by name, those of a place behind its name."""
    flat: dict[str, float] = {}
    for name, value in import_module(module).figures(**arguments).items():
        of_place = value.items() if isinstance(value, dict) else ()
        flat |= {f"{name}: {inner}": v for inner, v in of_place} or {name: value}
    return flat


def table(told: Mapping[str, Any]) -> Table:
    about = ", ".join(f"{name} {value}" for name, value in told["about"].items())
    made = Table("what", "over", title=about, title_justify="left")
    made.add_column("ratio", justify="right")
    made.add_column("aim", justify="right")
    for row in told["rows"]:
        made.add_row(row["what"], row["over"], f"{row['value']:.3g}", row["aim"])
    return made


if __name__ == "__main__":
    main()
