"""A real S3 store on loopback, by the script that users start: SeaweedFS."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from obstore.store import S3Store

SCRIPT = Path(__file__).parents[2] / "deployments/services/s3.sh"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret"}


def free_port(count: int = 1) -> int:
    """First of `count` free ports in a row, with those 10000 above them free as well."""
    while True:
        first = random.randrange(20_000, 40_000)
        if all(_is_free(first + i + far) for i in range(count) for far in (0, 10_000)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def wait_until_it_answers(url: str, process: subprocess.Popen[bytes]) -> None:
    """Return once `url` answers below 500; fail when its server ends before."""
    while True:
        assert process.poll() is None, f"the server of {url} ended with {process.returncode}"
        try:
            urllib.request.urlopen(url, timeout=5)
        except urllib.error.HTTPError as answer:
            if answer.code < 500:
                return
        except OSError:
            pass
        else:
            return
        time.sleep(0.05)


def _die_with_the_parent() -> None:
    """Have Linux kill this process when the one that started it ends, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


@dataclass
class S3Server:
    """One store and its bucket "lake"; what it holds stays in `folder` when it is killed."""

    folder: Path
    port: int = field(default_factory=lambda: free_port(5))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What Nearsight needs to know, for its environment."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def start(self) -> None:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._process = subprocess.Popen(
            [SCRIPT, self.folder, str(self.port), "lake"],
            env={**os.environ, **CREDENTIALS, "PATH": path},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=_die_with_the_parent,
        )
        wait_until_it_answers(self.endpoint, self._process)
        while not self._has_its_bucket():
            time.sleep(0.05)

    def _has_its_bucket(self) -> bool:
        store = S3Store(
            "lake",
            endpoint=self.endpoint,
            region="us-east-1",
            client_options={"allow_http": True},
            access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        try:
            store.get("lake.json")
        except FileNotFoundError as error:
            return "NoSuchBucket" not in str(error)
        return True

    def kill(self) -> None:
        """Kill it as a power cut would: SIGKILL."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)


@contextmanager
def s3_store(folder: Path) -> Iterator[S3Server]:
    """A store that runs, and the environment that leads to it."""
    server = S3Server(folder)
    server.start()
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in server.variables.items():
                environment.setenv(name, value)
            yield server
    finally:
        server.kill()
