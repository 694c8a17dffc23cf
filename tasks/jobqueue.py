"""dask-jobqueue, imported where it is used."""

from __future__ import annotations

import signal
from importlib import import_module
from types import ModuleType

from tasks.errors import NoJobs


def dask_jobqueue() -> ModuleType:
    """The package, imported from any thread, and Ctrl-C does what it did.

    Its import (0.9) takes SIGINT for itself, which fails in the threads that tasks run in.

    Raises
    ------
    NoJobs
        If it is not installed.
    """
    take = signal.signal
    signal.signal = lambda number, handler: None  # type: ignore[assignment]
    try:
        return import_module("dask_jobqueue")
    except ImportError as error:
        raise NoJobs("jobs need dask-jobqueue: pip install 'nearsight[hpc]'") from error
    finally:
        signal.signal = take
