"""What is said in the flow's own process, in the logs of Prefect."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.context import FlowRunContext
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

NAME = "nearsight"
"""Of the logger, with those below it, of the science, the lake and the tasks."""


class InFlow(logging.Handler):
    """Has the Prefect task log what is said in its thread, and the flow run what is said elsewhere.

    What Dask forwards from workers is for the terminal: their tasks hear of it as `Said`.
    """

    def __init__(self, flow: FlowRunContext) -> None:
        super().__init__()
        self._flow = get_run_logger(flow)

    def emit(self, record: logging.LogRecord) -> None:
        if not hasattr(record, "worker"):
            run_log(self._flow).log(record.levelno, "%s", record.getMessage())


def run_log(
    otherwise: logging.Logger | logging.LoggerAdapter[logging.Logger],
) -> logging.Logger | logging.LoggerAdapter[logging.Logger]:
    """Where the Prefect task or flow of this thread keeps its log, if one runs."""
    try:
        return get_run_logger()
    except MissingContextError:
        return otherwise


@contextmanager
def logged() -> Iterator[None]:
    """Have what is said in this process logged by Prefect, if a flow runs."""
    flow = FlowRunContext.get()
    if flow is None:
        yield
        return
    handler = InFlow(flow)
    logging.getLogger(NAME).addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger(NAME).removeHandler(handler)
