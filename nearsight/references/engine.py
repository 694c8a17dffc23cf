"""Calculators at work in a process of their own, which may hang, crash or eat all memory."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import tempfile
import threading
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

from nearsight.references.process import how_it_ended, python, start, stop

IDLE = 75
"""Return code of a process that nobody wanted for long."""

_LOG = 65536
"""Bytes of a log that are kept, the last ones."""


class EngineLost(Exception):
    """The process did not answer; the message says why.

    Attributes
    ----------
    log
        What it last wrote.
    """

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


class EngineTimeout(EngineLost):
    """The process was killed at its time limit."""


class Engine:
    """A process that loads calculators once and answers one request at a time.

    Threads take turns with it. It starts with the first request, after its death with the next
    one, ends with this process, and by itself when nobody wants it for long.

    Parameters
    ----------
    memory_limit
        GiB, or none.
    """

    def __init__(self, memory_limit: float | None) -> None:
        self._memory_limit = memory_limit
        self._turn = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115, as long as this lives
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Connection | None = None

    def ask(self, request: dict[str, Any], time_limit: float) -> dict[str, Any]:
        """The answer of the process; what goes back and forth is JSON.

        Raises
        ------
        EngineTimeout
            If it takes longer than `time_limit` seconds.
        EngineLost
            If it dies.
        """
        with self._turn:
            try:
                return self._exchange(request, time_limit)
            except BaseException:  # an interrupt leaves an answer nobody waits for
                self._end()
                raise

    def _said(self) -> str:
        """What the process wrote since it was last asked."""
        size = self._log.seek(0, 2)
        self._log.seek(max(0, size - _LOG))
        return self._log.read().decode(errors="replace")

    def _exchange(self, request: dict[str, Any], time_limit: float) -> dict[str, Any]:
        self._log.truncate(0)
        self._log.seek(0)  # of the process, too: it shares the file
        channel = self._channel or self._start()
        try:
            channel.send_bytes(json.dumps(request).encode())
            if channel.poll(time_limit):
                answer: dict[str, Any] = json.loads(channel.recv_bytes())
                return answer
        except (EOFError, OSError):
            code = self._end(patience=5.0)
            if code == IDLE:
                return self._exchange(request, time_limit)
            raise EngineLost(how_it_ended(code), self._said()) from None
        raise EngineTimeout(f"killed at its time limit of {time_limit:g} s", self._said())

    def _start(self) -> Connection:
        ours, its = multiprocessing.Pipe()
        with its:
            program = python("nearsight.references.calculator_program", str(its.fileno()))
            self._process = start(program, self._log, self._memory_limit, keep=[its.fileno()])
        self._channel = ours
        return ours

    def _end(self, patience: float = 0.0) -> int:
        """Make sure that the process has ended, within `patience` by itself; its return code."""
        if self._process is None or self._channel is None:
            return 0
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience)
        self._channel.close()
        stop(self._process)
        code = self._process.returncode
        self._process = self._channel = None
        return code


@cache
def engine(memory_limit: float | None) -> Engine:
    """The engine of this process for that limit."""
    return Engine(memory_limit)
