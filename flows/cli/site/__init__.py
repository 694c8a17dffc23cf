"""`nearsight site`: where work runs, one verb a file."""

from flows.cli.site import check, new  # noqa: F401 - each adds its verb
