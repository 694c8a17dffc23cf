"""Claims of this run: pieces of work that runs at several places leave to one another."""

from __future__ import annotations

import json
import os
import platform
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from storage import Lake
from storage.claims import Claim

BEAT = 15.0
"""Seconds after which whoever is at a piece says that it lives."""
LOOK = 5.0
"""Seconds after which a flow looks at what others are at."""
LOOKS = 12
"""Looks in a row that find a claim unchanged, before its holder counts as dead."""


class Taken(Exception):
    """Another run is at a piece of work, as its `claim` says."""

    def __init__(self, claim: Claim) -> None:
        super().__init__(claim)
        self.claim = claim


@contextmanager
def claimed(lake: Lake, kind: str, key: str, run: str, dead: Claim | None) -> Iterator[None]:
    """Claim a record for a flow run.

    A claim of the same run, of a process of this machine that is gone, and `dead`, which was found
    unchanged for too long, are taken over.

    Raises
    ------
    Taken
        If another run is at it.
    """
    owner = json.dumps({"run": run, **_here(), "nonce": uuid4().hex})
    mine = lake.claims.take(kind, key, owner)
    while mine is None:
        other = lake.claims.holder(kind, key)
        if other is None:
            mine = lake.claims.take(kind, key, owner)
        elif other == dead or _is_over(json.loads(other.owner), run):
            mine = lake.claims.take_over(other, owner)
        else:
            raise Taken(other)
    with _beating(lake, mine):
        yield


@contextmanager
def _beating(lake: Lake, claim: Claim) -> Iterator[None]:
    """Renew a claim now and then, and give it back in the end."""
    end = threading.Event()
    held: list[Claim] = [claim]

    def beat() -> None:
        while held and not end.wait(BEAT):
            held[:] = filter(None, [lake.claims.renew(held[0])])

    thread = threading.Thread(target=beat, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()
        for last in held:
            lake.claims.give_back(last)


@dataclass
class Elsewhere:
    """Pieces, by any name, that other runs are at, and how long each has not changed."""

    lake: Lake
    _seen: dict[str, tuple[Claim, int]] = field(default_factory=dict)
    _next: float = 0.0

    def __bool__(self) -> bool:
        return bool(self._seen)

    @property
    def wait(self) -> float | None:
        """Seconds until the next look; None where there is nothing to look for."""
        return max(0.0, self._next - time.monotonic()) if self._seen else None

    def add(self, name: str, claim: Claim) -> None:
        """Look for the end of the claim on a piece."""
        if not self._seen:
            self._next = time.monotonic() + LOOK
        self._seen[name] = claim, 0

    def look(self) -> dict[str, Claim | None]:
        """Pieces that are free again: None, or the claim of the one who died at it."""
        beats = {
            kind: self.lake.claims.beats(kind) for kind in {c.kind for c, _ in self._seen.values()}
        }
        free: dict[str, Claim | None] = {}
        for name, (claim, looks) in list(self._seen.items()):
            beat = beats[claim.kind].get(claim.key)
            if beat is None:
                free[name] = None
            elif beat != claim.beat:
                self._seen[name] = replace(claim, beat=beat), 0
            elif looks + 1 >= LOOKS:
                free[name] = self.lake.claims.holder(claim.kind, claim.key)
            else:
                self._seen[name] = claim, looks + 1
        for name in free:
            del self._seen[name]
        self._next = time.monotonic() + LOOK
        return free


def where(claim: Claim) -> str:
    """The machine of a claim's holder."""
    return str(json.loads(claim.owner)["node"])


def _here() -> dict[str, Any]:
    """This process, as others of the same machine can find it."""
    process = os.getpid()
    return {
        "node": platform.node(),
        "machine": _machine(),
        "pid": process,
        "started": psutil.Process(process).create_time(),
    }


@cache
def _machine() -> str:
    """This machine since it was started, and the processes that are seen from here."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return platform.node()


def _is_over(owner: dict[str, Any], run: str) -> bool:
    """Whether nobody is at a claim any more, as far as can be told at once."""
    if owner["run"] == run:
        return True
    if owner["machine"] != _machine():
        return False
    try:
        process = psutil.Process(owner["pid"])
        same = abs(process.create_time() - owner["started"]) < 1.0  # clocks are set
        return not same or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
