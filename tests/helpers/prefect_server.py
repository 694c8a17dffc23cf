"""A real Prefect server on loopback, with a database and a log of its own."""

import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from s3_server import free_port, wait_until_it_answers

TABLES = ("flow_run", "flow_run_state", "task_run", "task_run_state", "log", "events", "artifact")


@dataclass(frozen=True)
class PrefectServer:
    """A server whose database and log stay in `folder`."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "server.log").read_text(errors="replace")

    @property
    def size(self) -> int:
        """Bytes of its database."""
        return sum(file.stat().st_size for file in self.folder.glob("prefect.db*"))

    def rows(self) -> dict[str, int]:
        """Rows of the tables that grow with the work."""
        return {table: self._ask(f"SELECT COUNT(*) FROM {table}")[0][0] for table in TABLES}

    def check(self) -> str:
        """What SQLite says of the database: "ok" where it is sound."""
        return "; ".join(line for (line,) in self._ask("PRAGMA integrity_check"))

    def health(self) -> float:
        """Seconds that the API takes to say that it is well."""
        began = time.perf_counter()
        with urllib.request.urlopen(f"{self.api}/health", timeout=60) as answer:
            assert answer.status == 200
        return time.perf_counter() - began

    def _ask(self, question: str) -> list[tuple]:
        with closing(sqlite3.connect(self.folder / "prefect.db", timeout=60)) as database:
            return database.execute(question).fetchall()


@contextmanager
def prefect_server(folder: Path) -> Iterator[PrefectServer]:
    """Start a server in a new `folder`; flows of this process run against it meanwhile."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import PREFECT_API_URL, temporary_settings

    folder.mkdir()
    server = PrefectServer(folder)
    added = {"PREFECT_HOME": str(folder), "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "WARNING"}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "flows.server", str(server.port)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **added},
        )
    assert process.stdin is not None
    try:
        wait_until_it_answers(f"{server.api}/health", process)
        with temporary_settings({PREFECT_API_URL: server.api}):
            yield server
            EventsWorker.drain_all(timeout=30)
            APILogWorker.drain_all(timeout=30)
    finally:
        process.stdin.close()
        process.wait(60)
