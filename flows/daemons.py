"""Processes that outlive the command that starts them, known by notes and by their environment."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MARK = "NEARSIGHT_DAEMON"


class ElsewhereError(RuntimeError):
    """The process runs on another machine that shares this folder; the message says which."""


@dataclass(frozen=True)
class Daemon:
    """A process in the background; its notes `name.json` and its log lie in a folder.

    The process and all that it starts carry a mark in their environment. Whatever has not that
    mark is never taken for it, and never killed, whichever number the notes say.
    """

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / f"{self.name}.log"

    @property
    def _file(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def _mark(self) -> str:
        return f"{_MARK}={self._file}"

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], **notes: Any
    ) -> Callable[[], bool]:
        """Start it, and keep notes of it; what is returned tells whether it still runs."""
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**environment, _MARK: str(self._file)},
                start_new_session=True,  # the end of a terminal is none of its business
                preexec_fn=_listen_to_signals,
            )
        self._file.unlink(missing_ok=True)
        self.note(pid=child.pid, host=socket.gethostname(), **notes)
        return lambda: child.poll() is None

    def note(self, **more: Any) -> None:
        """Note more of it."""
        self._file.write_text(json.dumps(self.notes() | more))

    def notes(self) -> dict[str, Any]:
        """What was noted when it was started, whether it still runs or not; empty if it was not."""
        try:
            found: dict[str, Any] = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        return found

    def runs(self) -> bool:
        """Whether it was started and still runs.

        Raises
        ------
        ElsewhereError
            If it was started on another machine.
        """
        notes = self.notes()
        if notes and notes["host"] != socket.gethostname():
            raise ElsewhereError(
                f"the {self.name} of {self.folder} was started on {notes['host']}: go there, or "
                f"delete {self._file} if that machine is gone"
            )
        return bool(notes) and notes["pid"] in _marked(self._mark)

    def last_words(self) -> str:
        """The last line of its log."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def stop(self, patience: float = 30.0) -> bool:
        """End it and all that it started; True if there was something to end."""
        found = _marked(self._mark)
        if self.runs():  # it and its children; these end what they started themselves
            chief = self.notes()["pid"]
            found = {pid: parent for pid, parent in found.items() if chief in (pid, parent)}
        left, seen = found, set(found)
        for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            for pid in left:
                _send(pid, number)
            late = time.monotonic() + wait
            while (left := _marked(self._mark)) or any(map(_is_there, seen)):
                seen |= left.keys()
                if time.monotonic() > late:
                    break
                time.sleep(0.1)
        self._file.unlink(missing_ok=True)
        return bool(found)


def _listen_to_signals() -> None:
    """Undo what a shell does to commands in its background, which ignore Ctrl-C ever after."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_there(pid: int) -> bool:
    """Whether a process may still hold files and ports: as long as one of its threads lives. One
    that ends loses its marks before."""
    with contextlib.suppress(OSError):  # gone
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                if _after_name(thread)[0] not in "ZX":
                    return True
    return False


def _after_name(folder: Path) -> list[str]:
    """What /proc tells of a process after its name: its state, its parent, ..."""
    return (folder / "stat").read_text().rpartition(") ")[2].split()


def _marked(mark: str) -> dict[int, int]:
    """Processes of this machine that carry a mark, with their parents."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = int(_after_name(folder)[1])
            except OSError:  # of somebody else, or just gone
                continue
    return found
