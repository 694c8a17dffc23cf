"""How fast and how small the lake is, against extended XYZ through ASE and against HDF5.

    python benchmarks/lake.py [LAKE] [--clusters 5000] [--rounds 3] [--json FILE]

Measured are extended XYZ, HDF5, a local directory and, where one is named, LAKE, such as
``s3://bucket/benchmark`` with the usual AWS variables: all on one machine and in some rounds, of
which the best figures count. LAKE must be new or empty.

The clusters are cut from the data sets that ship with Nearsight and rattled by 0.01 Å, so that no
two are alike. Positions, energies and forces have all digits of double precision, like those of
DFT; XYZ keeps eight decimals, the lake keeps everything. Forces of a machine-learned level of
theory are in single precision, and smaller. To write into the lake is to commit, that is to fold
what the journal holds into the columns of a snapshot; what the journal itself takes stands in lines
of its own. The file of HDF5 has the same flat arrays as the lake, shuffled and packed by gzip; it
has no checksums, and is lost where its writer is killed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from common import load, machine
from places import (
    READ,
    READ_ALL,
    SIZE,
    SIZE_ALL,
    SIZE_SINGLE,
    WRITE,
    WRITE_ALL,
    Figures,
    in_single_precision,
    through_hdf5,
    through_lake,
    through_xyz,
)
from rich.console import Console
from rich.table import Table
from samples import labelled_clusters

from storage import open_lake

AIMS = {WRITE: 5, READ: 20, WRITE_ALL: 5, READ_ALL: 20} | dict.fromkeys(
    (SIZE, SIZE_SINGLE, SIZE_ALL), 3
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lake", nargs="?", help="a place to measure, too")
    parser.add_argument("--clusters", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="file for the figures")
    chosen = parser.parse_args()
    about = machine("ase", "numpy", "zarr", "icechunk", "h5py") | {"clusters": chosen.clusters}
    best = figures(chosen.clusters, chosen.rounds, chosen.lake)
    about["load at the end"] = load()
    Console(width=120).print(table(about, best))
    if chosen.json:
        chosen.json.write_text(json.dumps({"about": about, "best": best}) + "\n")


def figures(clusters: int = 5000, rounds: int = 3, lake: str | None = None) -> dict[str, Figures]:
    """The best figures of all rounds, by place."""
    samples = list(islice(labelled_clusters(), clusters))
    told = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            found = {
                "XYZ": through_xyz(Path(folder), samples),
                "HDF5": through_hdf5(Path(folder), samples),
                "local": through_lake(open_lake(f"{folder}/lake"), samples),
            }
        if lake:
            there = urlsplit(lake).scheme or "there"
            found[there] = through_lake(open_lake(f"{lake}/{number}"), samples)
        told.append(found)
    best = {
        place: {what: min(found[place][what] for found in told) for what in its}
        for place, its in told[0].items()
    }
    with tempfile.TemporaryDirectory() as folder:
        best["local"][SIZE_SINGLE] = in_single_precision(open_lake(folder), samples)
    return best


def table(about: dict[str, Any], best: dict[str, Figures]) -> Table:
    """Figures, and how many times less each lake takes than XYZ."""
    xyz, *lakes = best
    made = Table(title=", ".join(f"{name} {value}" for name, value in about.items()))
    made.add_column("", no_wrap=True)
    for heading in (xyz, *(part for lake in lakes for part in (lake, "times")), "aim"):
        made.add_column(heading, justify="right")
    for what, reference in best[xyz].items():
        cells = [what, f"{reference:.4g}"]
        for lake in lakes:
            took = best[lake].get(what)
            cells += ["", ""] if took is None else [f"{took:.4g}", f"{reference / took:.3g}"]
        made.add_row(*cells, str(AIMS.get(what, "")))
    return made


if __name__ == "__main__":
    main()
