"""`nearsight down`: the end of what `nearsight up` started."""

from __future__ import annotations

from flows.cli.app import app, console, told
from flows.cli.up import Home


@app.command()
def down(home: Home = None) -> None:
    """End the server, the worker with its flows, and the store. What they hold stays.

    Flows in progress are interrupted; the same run, started again, goes on where it was.
    """
    from flows.services import default_home, down

    with told():
        ended = down(home or default_home())
        console.print(f"Ended: {', '.join(ended)}." if ended else "Nothing was up.")
