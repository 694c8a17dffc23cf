"""The command line `nearsight`, one verb a file."""

from flows.cli.app import app
from flows.cli import demo, report, run, status  # noqa: F401, I001 - each adds its verb

__all__ = ["app"]
