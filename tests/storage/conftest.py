"""Lakes in both kinds of places, small records, and scripts in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from s3_server import S3Server

from storage import Lake, Record, content_key, open_lake

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 store for all tests; those that kill one start their own."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def s3(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A prefix of its own in the bucket, and the environment that leads there."""
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return f"s3://lake/{uuid.uuid4().hex}"


@pytest.fixture(params=["local", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where lakes may be made: a new directory, then a new prefix on S3."""
    return str(tmp_path) if request.param == "local" else request.getfixturevalue("s3")


@pytest.fixture
def lake(place: str) -> Lake:
    return open_lake(f"{place}/lake")


@pytest.fixture
def damage() -> Callable[[Lake, str, Callable[[bytes], bytes]], None]:
    """Change an object of a lake behind its back."""

    def change(lake: Lake, name: str, how: Callable[[bytes], bytes]) -> None:
        data = lake.objects.read(name)
        lake.objects.delete(name)
        lake.objects.create(name, how(data))

    return change


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
            stdin=subprocess.PIPE,
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
