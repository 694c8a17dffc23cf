"""A campaign as its user runs it, in a process of its own that can be killed at any moment."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import yaml
from campaigns import LOG
from waiting import marked

from flows.campaign import Campaign

_MARK = "NEARSIGHT_RUN"
_HELPERS = str(Path(__file__).parent)
_LONGEST_FAREWELL = 30.0


@dataclass
class FlowProcess:
    """`nearsight run` of a campaign in `folder`, with everything that it starts.

    Attributes
    ----------
    terminal
        What it said there, of all its starts.
    starts
        How often it was started.
    """

    campaign: Campaign
    folder: Path
    starts: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        self.scratch.mkdir()
        options = self.campaign.model_dump(mode="json")
        (self.folder / "campaign.yaml").write_text(yaml.safe_dump(options))

    @property
    def scratch(self) -> Path:
        """Where its temporary files go."""
        return self.folder / "tmp"

    @property
    def terminal(self) -> str:
        path = self.folder / "terminal"
        return path.read_text() if path.exists() else ""

    def start(self) -> None:
        self.starts += 1
        path = filter(None, [_HELPERS, os.environ.get("PYTHONPATH")])  # of the level of theory
        added = {
            _MARK: str(self.folder),
            "PYTHONPATH": os.pathsep.join(path),
            "TMPDIR": str(self.scratch),
        }
        with (self.folder / "terminal").open("a") as terminal:
            self._process = subprocess.Popen(
                [Path(sys.executable).with_name("nearsight"), "run", "campaign.yaml"],
                cwd=self.folder,
                env=os.environ | added,
                stdout=terminal,
                stderr=terminal,
            )

    def runs(self) -> bool:
        return self._process.poll() is None

    def wait(self, seconds: float = 600.0) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        """Kill the flow, and it alone; whatever it started must end by itself."""
        self._process.kill()
        self._process.wait()

    def kill_worker(self, rng: random.Random) -> bool:
        """Kill one of its workers; False if it has none now."""
        workers = [process for process in self._started() if _is_worker(process)]
        if workers:
            with suppress(psutil.NoSuchProcess):
                rng.choice(workers).kill()
        return bool(workers)

    def alone(self) -> bool:
        """Whether nothing is left, some seconds after the flow has ended, of what it started."""
        late = time.monotonic() + _LONGEST_FAREWELL
        while self._started() and time.monotonic() < late:
            time.sleep(0.02)
        return not self._started()

    def litter(self) -> list[str]:
        """Names of the temporary files that are left, but for the locks that Dask leaves."""
        found = (
            p
            for p in self.scratch.rglob("*")
            if p.is_file() and p.suffix not in (".lock", ".dirlock")
        )
        return sorted(str(p.relative_to(self.scratch)) for p in found)

    def calculations(self) -> Counter[str]:
        """How often each structure was labelled, by key."""
        log = self.folder / LOG
        return Counter(log.read_text().split() if log.exists() else ())

    def _started(self) -> list[psutil.Process]:
        """Every process but the flow itself that runs on behalf of it."""
        mark = f"{_MARK}={self.folder}"
        return [process for process in marked(mark) if process.pid != self._process.pid]


def _is_worker(process: psutil.Process) -> bool:
    try:
        return "spawn_main" in " ".join(process.cmdline())
    except psutil.Error:
        return False
