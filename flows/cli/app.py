"""The application that every verb adds itself to, and the one way errors leave it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console

# Read by Prefect when it is first imported, so set before anything imports it.
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")

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


def refuse(message: str) -> NoReturn:
    """Say what was wrong in one sentence and leave with status 2."""
    errors.print(f"[bold red]Error:[/] {message}", highlight=False, soft_wrap=True)
    raise typer.Exit(2)


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
    from flows.history import CampaignChanged
    from storage import LakeError
    from tasks.label import TooManyFailures

    try:
        yield
    except (CampaignChanged, LakeError, TooManyFailures, ImportError, ValueError) as error:
        refuse(str(error))
