"""What benchmarks share: the machine that figures depend on, and how figures are told."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich import print as show
from rich.console import Console
from rich.table import Table

from tasks.progress import Board


def machine(*packages: str) -> dict[str, Any]:
    """The processor, its cores, memory, versions of Python and `packages`, and the load."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "machine": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory, GB": round(memory / 1e9),
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
        "load at the start": load(),
    }


def load() -> float:
    """Processes that wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1)


def tell(figures: Mapping[str, float], file: Path | None, title: str | None = None) -> None:
    """Print figures by what they mean, and write them to a JSON file if there is one."""
    table = Table("", "", title=title, title_justify="left", show_header=False)
    for what, value in figures.items():
        table.add_row(what, f"{value:.4g}")
    show(table)
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n")


def quiet() -> Board:
    """A board that shows nothing."""
    return Board(Console(quiet=True))
