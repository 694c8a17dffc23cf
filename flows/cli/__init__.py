"""The command line `nearsight`, one verb a file."""

from flows.cli import (  # noqa: F401 - each adds its verb
    bootstrap,
    dataset,
    demo,
    down,
    force_matching,
    lake,
    report,
    reproduce,
    run,
    site,
    status,
    study,
    system,
    train,
    up,
)
from flows.cli.app import app

__all__ = ["app"]
