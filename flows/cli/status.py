"""`nearsight status`: what a lake holds."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from flows.cli.app import app, console, told


@app.command()
def status(
    lake: Annotated[str, typer.Argument(help="Directory of the lake")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs")] = False,
) -> None:
    """Print cycles, labels by status and every metric of every cycle."""
    from flows import summary
    from flows.cli.tables import errors_table, time_by_stage
    from storage import open_lake

    with told():
        opened = open_lake(lake, mode="r")
        found = summary.status(opened)
        if as_json:
            print(json.dumps(found, indent=2))
            return
        if not found["campaigns"]:
            console.print(f"The lake {opened.url} holds no campaign yet.", highlight=False)
        for campaign in found["campaigns"]:
            console.print(errors_table(opened, campaign["name"]))
            console.print(time_by_stage(opened, campaign["name"]), highlight=False)
