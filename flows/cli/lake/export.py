"""`nearsight lake export`: labelled structures for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import told
from flows.cli.lake.verbs import Address, many, say, verbs

Tag = Annotated[str, typer.Argument(help="Tag of a snapshot")]
Target = Annotated[
    Path, typer.Argument(help="File to write: .extxyz or .xyz, perhaps with .xz or .gz, or .db")
]


@verbs.command()
def export(lake: Address, tag: Tag, file: Target) -> None:
    """Write the labelled structures of a snapshot as extended XYZ or an ASE database."""
    from storage import open_lake
    from tasks.export import export as write

    with told():
        statuses = write(open_lake(lake, mode="r"), tag, file)
    failed = {status: n for status, n in sorted(statuses.items()) if status != "converged"}
    left_out = ", ".join(f"{n} {status}" for status, n in failed.items())
    say(
        f"Wrote {many(statuses['converged'], 'labelled structure')} to {file}; failed labels left "
        f"out: {left_out or 'none'}."
    )
