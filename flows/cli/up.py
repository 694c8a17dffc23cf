"""`nearsight up`: what a single user needs to run flows from a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app, console, told

Home = Annotated[
    Path | None,
    typer.Option(help="Folder of database, logs and store, else one among your own data"),
]


@app.command()
def up(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Where flows run: relative paths in forms start there [default: .]"),
    ] = None,
    home: Home = None,
    port: Annotated[
        int | None, typer.Option(help="Of the server [default: 4200, or any that is free]")
    ] = None,
    site: Annotated[
        str | None, typer.Option(help="Name of this site, or its file [default: here]")
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(help="Join a server that is there already, by the address of its API"),
    ] = None,
    stands_in_for: Annotated[
        str | None,
        typer.Option(help="Another site at that server: its crashed runs go on here"),
    ] = None,
    s3: Annotated[bool, typer.Option("--s3", help="Serve a folder as an S3 store, too")] = False,
) -> None:
    """Start a Prefect server, a worker for this site and, if asked for, an S3 store; on loopback.

    They go on until `nearsight down`. What runs already is left alone, what died is started anew.
    """
    from flows.services import Wanted, daemons, default_home, up

    place = home or default_home()
    with told():
        wanted = Wanted(folder, site, port, server, stands_in_for, s3)
        with console.status("Starting; this may take a minute ..."):
            started = up(place, wanted, console.print)
        store, _, worker = daemons(place)
        notes = worker.notes()
        address = notes["api"].removesuffix("/api")
        lines = [
            "It is up." if started else "It is up already.",
            f"  Prefect   {address}",
            f"  worker    site {notes['site']}; flows run in {notes['folder']}",
        ]
        if store.notes():
            lines += [
                f"  S3 store  http://127.0.0.1:{store.notes()['port']}, bucket lake; before "
                f"commands of yours: . {place / 's3.env'}"
            ]
        lines += [
            f"Choose a flow at {address}/deployments, fill in its form and run it. For runs of "
            f"your own to show there, too:\n  export PREFECT_API_URL={notes['api']}",
            "`nearsight down` ends it.",
        ]
        for line in lines:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
