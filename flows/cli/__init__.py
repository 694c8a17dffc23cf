"""The command line `nearsight`, one verb a file."""

from flows.cli import demo, report, run, status  # noqa: F401 - each adds its verb
from flows.cli.app import app

__all__ = ["app"]
