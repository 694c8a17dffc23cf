"""Pieces of work that say in a file when they begin and end, and in which job."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

from storage import Lake, Record, content_key
from tasks.pools import ENVIRONMENT, cores
from tasks.workplace import Piece


def labour(lake: Lake, key: str, log: str, name: str, seconds: float) -> None:
    """Work for so long, and leave a record."""
    _say(log, f"begin {name} {os.environ.get('SLURM_JOB_ID')}")
    time.sleep(seconds)
    _say(log, f"end {name} {os.environ.get('SLURM_JOB_ID')}")
    _leave(lake, key)


def endless_at_first(lake: Lake, key: str, log: str, name: str, seconds: float) -> None:
    """Work for very long, but when tried again."""
    again = Path(log).exists() and f"begin {name}" in Path(log).read_text()
    labour(lake, key, log, name, 0.0 if again else seconds)


def together(lake: Lake, key: str, log: str, name: str, seconds: float) -> None:
    """Work for so long once three pieces have begun, more than one site has workers for."""
    _say(log, f"begin {name} {os.environ.get('SLURM_JOB_ID')}")
    while Path(log).read_text().count("begin") < 3:
        time.sleep(0.05)
    time.sleep(seconds)
    _say(log, f"end {name} {os.environ.get('SLURM_JOB_ID')}")
    _leave(lake, key)


def tell(lake: Lake, key: str, log: str, name: str, seconds: float) -> None:
    """Say what the worker's environment is."""
    same = all(os.environ[variable] == value for variable, value in ENVIRONMENT.items())
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
    _say(log, f"{name} environment {same} cores {cores()} gpus {gpus} {os.environ.get('MINE')}")
    _leave(lake, key)


def pieces(log: Path, names: Iterable[str], seconds: float, function=labour) -> list[Piece]:
    """One piece for each name."""
    return [
        Piece("batch", content_key("batch", {"name": n}), function, (str(log), n, seconds))
        for n in names
    ]


def _say(log: str, line: str) -> None:
    with Path(log).open("a") as file:
        file.write(line + "\n")


def _leave(lake: Lake, key: str) -> None:
    lake.put(Record("batch", key, {"clusters": []}, {}))
