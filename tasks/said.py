"""What is said in a worker of the piece of work that it is at, told to the flow that waits."""

from __future__ import annotations

import logging
from contextlib import suppress

from distributed import get_worker

from tasks.progress import TOPIC


class AtWorker(logging.Handler):
    """Tells the flow what is said while a piece is at work."""

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(ValueError, KeyError):  # no piece is at work in this thread
            worker = get_worker()
            row = worker.get_current_task().rpartition("-")[2]
            told = {"row": row, "level": record.levelno, "words": record.getMessage()}
            worker.log_event(TOPIC, told)


def tell_the_flow() -> None:
    """Have a worker tell what the science, the lake and the tasks say."""
    logging.getLogger("nearsight").addHandler(AtWorker())
