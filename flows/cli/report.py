"""`nearsight report`: the page that explains a campaign."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app, console, refuse, told


@app.command()
def report(
    lake: Annotated[str, typer.Argument(help="Directory of the lake")],
    campaign: Annotated[
        str | None, typer.Option(help="Which campaign, where the lake holds several")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write")] = None,
) -> None:
    """Write one self-contained HTML page about a campaign."""
    from flows.gather import write_report
    from flows.history import campaigns
    from storage import open_lake

    with told():
        opened = open_lake(lake, mode="r")
        names = list(campaigns(opened))
        if campaign is None and len(names) != 1:
            held = f"holds {len(names)} campaigns ({', '.join(names)})" if names else "is empty"
            refuse(f"the lake {lake} {held}: name one with --campaign")
        name = campaign or names[0]
        if name not in names:
            refuse(f"the lake {lake} holds no campaign {name!r}, only {', '.join(names) or 'none'}")
        page = write_report(opened, name, output or Path(f"{name}-report.html"))
        console.print(f"Report: {page}", highlight=False)
