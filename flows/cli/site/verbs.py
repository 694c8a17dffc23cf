"""The group of verbs about a site."""

from __future__ import annotations

import typer

from flows.cli.app import app

verbs = typer.Typer(name="site", help="Where work runs.", no_args_is_help=True)
app.add_typer(verbs)
