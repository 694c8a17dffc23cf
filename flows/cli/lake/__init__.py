"""`nearsight lake`: look after a lake, one verb a file."""

from flows.cli.lake import (  # noqa: F401 - each adds its verb
    diff,
    export,
    gc,
    imports,
    log,
    show,
    verify,
)
