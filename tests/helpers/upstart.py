"""Services as `nearsight up` starts them, for tests."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


def nearsight(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, as a user's shell starts it."""
    environment = {**os.environ, "COLUMNS": "200"}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.run(
        [Path(sys.executable).with_name("nearsight"), *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )


@dataclass(frozen=True)
class Up:
    """What was started: where it lies, and what the command said."""

    home: Path
    folder: Path
    said: str
    api: str

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb of the command line about these services."""
        return nearsight(*words, "--home", str(self.home), cwd=self.folder)
