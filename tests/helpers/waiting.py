"""What a test waits for, and what runs meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float) -> T:
    """What a condition comes to be, once that is true; a failure where it does not come."""
    late = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < late, "it did not come"
        time.sleep(0.05)
    return found


def marked(mark: str) -> list[psutil.Process]:
    """All processes with a line ``NAME=value`` in their environment.

    psutil reads no further than the title that some processes write over themselves.
    """
    found = []
    for process in psutil.process_iter():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:  # of somebody else, or just gone
            continue
        if mark.encode() in environment.split(b"\0"):
            found.append(process)
    return found
