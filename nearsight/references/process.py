"""Processes for engines: they end with this one, keep to a memory limit, and end as a whole."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import IO

# Turns into `command`, killed by the kernel when `parent` is gone and first when memory is short.
_LAUNCH = """
import ctypes, os, resource, signal, sys
parent, memory, *command = sys.argv[1:]
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() != int(parent):
    sys.exit()
if memory:
    resource.setrlimit(resource.RLIMIT_DATA, (int(memory), int(memory)))
with open("/proc/self/oom_score_adj", "w") as file:
    file.write("1000")
os.execvp(command[0], command)
"""
_RUN = """
import json, runpy, sys
del sys.argv[0]
sys.path[:] = json.loads(sys.argv.pop(0))
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_GRACE = 5.0
"""Seconds that a process has to end by itself; mpiexec and srun use them to end theirs."""

_GIB = 2**30

_starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
"""The one thread that starts processes: the kernel ends them with the thread that started them."""


def python(module: str, *arguments: str) -> list[str]:
    """Command that runs `module` in a Python that finds every module this one finds."""
    path = json.dumps([entry or str(Path.cwd()) for entry in sys.path])
    return [sys.executable, "-u", "-P", "-c", _RUN, path, module, *arguments]


def start(
    command: Sequence[str],
    log: IO[bytes],
    memory_limit: float | None = None,
    folder: str | None = None,
    keep: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start an engine in a process group of its own.

    Parameters
    ----------
    command
        Program and arguments.
    log
        Where it writes, errors too.
    memory_limit
        GiB of every process.
    folder
        Where it works; without it, where this process does.
    keep
        File descriptors that it inherits.
    """
    memory = "" if memory_limit is None else str(int(memory_limit * _GIB))
    return _starter.submit(
        subprocess.Popen,
        [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), memory, *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=folder,
        pass_fds=keep,
        process_group=0,
        env={"OMP_NUM_THREADS": "1", **os.environ},
    ).result()


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started: asked first, then killed."""
    for sign, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)


def how_it_ended(code: int) -> str:
    """A return code in words."""
    if code >= 0:
        return f"it ended with status {code}"
    name = signal.Signals(-code).name
    memory = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"it was killed by {name}{memory}"
