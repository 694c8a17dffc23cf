"""Small records, and scripts in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from storage import Lake, Record, content_key, open_lake

ROOT = Path(__file__).parents[2]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(tmp_path / "lake")


@pytest.fixture
def make_label() -> Callable[..., Record]:
    def make(seed: int, n: int = 4, status: str = "converged") -> Record:
        rng = np.random.default_rng(seed)
        arrays = {
            "numbers": rng.integers(1, 40, n),
            "positions": rng.normal(size=(n, 3)),
            "cell": np.zeros((3, 3)),
            "pbc": np.zeros(3, bool),
        }
        if status == "converged":
            arrays |= {"energy": np.array(-1.0 * seed), "forces": rng.normal(size=(n, 3))}
        metadata = {"level": "test", "status": status, "seconds": 0.5}
        return Record("label", content_key("label", seed), metadata, arrays)

    return make


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[str]]:
    """Start Python code in a new process; its arguments are in ``sys.argv[1:]``."""

    def run(code: str, *arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return run


@pytest.fixture
def finish(
    start: Callable[..., subprocess.Popen[str]],
) -> Callable[..., str]:
    """Run Python code in a new process and return what it printed."""

    def run(code: str, *arguments: object) -> str:
        process = start(code, *arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out

    return run


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Take away the right to write to a folder; root becomes another user for the while."""
    user = os.geteuid()
    changed: list[Path] = []

    def take(folder: Path) -> None:
        changed.append(folder)
        folder.chmod(0o555)
        if user == 0:
            os.seteuid(65534)

    yield take
    os.seteuid(user)
    for folder in changed:
        folder.chmod(0o755)


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that other users reach, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
