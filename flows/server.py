"""A Prefect server that lives exactly as long as the process that needs it.

Prefect starts one of its own where no server is named, but that one lives on when its parent is
killed. This one holds a pipe to its parent and ends when the pipe does, however the parent ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException

PATIENCE = 180.0
"""Seconds that a server may take to start, on a busy machine and with a database to make."""


class NoServer(RuntimeError):
    """The Prefect server did not start; the message says why."""


@contextmanager
def prefect_server() -> Iterator[Callable[[], None]]:
    """Start a server, unless Prefect's settings name one; call what it yields to wait for it."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    if named := PREFECT_API_URL.value():
        yield lambda: reach(named)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    api = f"http://127.0.0.1:{port}/api"
    with tempfile.TemporaryFile() as said, temporary_settings({PREFECT_API_URL: api}):
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "flows.server", str(port)],
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,  # a Ctrl-C is for the flow: it has yet to tell how it ended
            env=os.environ | {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"},
        )

        def wait() -> None:
            late = time.monotonic() + PATIENCE
            while not answers(port):
                if child.poll() is not None or time.monotonic() > late:
                    said.seek(0)
                    lines = said.read().decode(errors="replace").strip().splitlines()
                    reason = lines[-1] if lines else f"it does not answer at {api}"
                    raise NoServer(f"the Prefect server did not start: {reason}")
                time.sleep(0.1)

        try:
            yield wait
        finally:
            _say_what_is_left()
            assert child.stdin is not None
            child.stdin.close()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _say_what_is_left() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=10)
    APILogWorker.drain_all(timeout=10)


def reach(api: str) -> None:
    """Make sure that a server answers.

    Raises
    ------
    NoServer
        If it does not.
    """
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        if client.api_healthcheck() is not None:
            raise NoServer(
                f"there is no answer from the Prefect server at {api}: start it, or unset "
                "PREFECT_API_URL to do without"
            )


def answers(port: int, path: str = "/api/health", below: int = 300) -> bool:
    """Whether a server of this machine answers, with a status below this one."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < below
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _end_with_parent() -> None:
    sys.stdin.buffer.read()  # returns when the parent closes it or is gone
    os.kill(os.getpid(), signal.SIGTERM)  # a database that is just being made is finished first
    time.sleep(60)
    os._exit(1)


if __name__ == "__main__":
    import uvicorn

    threading.Thread(target=_end_with_parent, daemon=True).start()
    uvicorn.run(
        "prefect.server.api.server:create_app",
        factory=True,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_level="error",
        lifespan="on",
    )
