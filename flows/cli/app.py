"""The application that every verb adds itself to, and the one way errors leave it."""

from __future__ import annotations

import errno
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console

from flows.cli.notices import Notices

# Read by Prefect when it is first imported, so set before anything imports it. Its logs go to its
# own UI; here they would say in a page of traceback what `told` says in a sentence.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED", "false")  # dies of a blip
os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")

S = TypeVar("S", bound=BaseModel)

ParametersFile = Annotated[Path, typer.Argument(help="YAML file with the flow's parameters")]

app = typer.Typer(
    name="nearsight",
    help="Machine-learning potentials for disordered frameworks, learned from clusters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = Console()
errors = Console(stderr=True)
notices = Notices()


@app.callback()
def listen() -> None:
    logging.getLogger("nearsight").addHandler(notices)


def refuse(message: str, status: int = 2) -> NoReturn:
    """Say what was wrong in one sentence and leave."""
    errors.print("[bold red]Error:[/]", end=" ")
    errors.print(message, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(status)


def read(path: Path, model: type[S]) -> S:
    """A flow's parameters from a YAML file, or a refusal."""
    from flows.parameters import BadParameters, read_parameters

    try:
        return read_parameters(path, model)
    except BadParameters as error:
        refuse(str(error))


@contextmanager
def told() -> Iterator[None]:
    """Turn the errors that a user can mend into one sentence; bugs keep their traceback."""
    try:
        yield
    except KeyboardInterrupt:
        refuse("interrupted; the same command goes on from here", 130)
    except Exception as error:
        if isinstance(error, _mendable()):
            refuse(str(error))
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            where = f" at {error.filename}" if error.filename else ""
            refuse(
                f"{error.strerror}{where}: make room and run it again; what was finished is in the "
                "lake"
            )
        raise


@contextmanager
def at_work() -> Iterator[Callable[[], None]]:
    """`told`, with a Prefect server for a flow to run in; call what it yields to wait for it."""
    from flows.server import prefect_server

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of engines, about their own insides
        os.environ["PYTHONWARNINGS"] = "ignore"
    with told(), prefect_server() as ready:
        yield ready


def _mendable() -> tuple[type[Exception], ...]:
    from flows.daemons import ElsewhereError
    from flows.history import CampaignChanged
    from flows.parameters import BadParameters
    from flows.server import NoServer
    from flows.services import NotUp
    from nearsight.blocks import UnsupportedFramework
    from nearsight.potentials import CannotTrain
    from nearsight.references import MissingEngine
    from storage import LakeError
    from tasks.errors import BadFile, LostWorkers, NoJobs, TooManyFailures

    return (
        BadFile,
        BadParameters,
        CampaignChanged,
        CannotTrain,
        ElsewhereError,
        LakeError,
        LostWorkers,
        MissingEngine,
        NoJobs,
        NoServer,
        NotUp,
        TooManyFailures,
        UnsupportedFramework,
    )
