"""`nearsight reproduce`: a result of the paper by one command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich import box
from rich.table import Table

from flows.cli.app import app, at_work, console, refuse
from flows.cli.findings import show


@app.command()
def reproduce(
    result: Annotated[str | None, typer.Argument(help="Such as table-3; none: list them")] = None,
    scale: Annotated[Literal["small", "paper"], typer.Option(help="How large")] = "small",
    lake: Annotated[
        str | None, typer.Option(help="That all results share; none: lake/reproduction-SCALE")
    ] = None,
    site: Annotated[Path | None, typer.Option(help="YAML file with pools")] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Of pages and figures; none: reproduction/SCALE")
    ] = None,
) -> None:
    """Do the work behind a table or figure of the paper, and say what agrees."""
    if result is None:
        console.print(listed(scale))
        return
    from flows.parameters import BadParameters, validated
    from flows.reproduce import Reproduction
    from flows.reproduce import reproduce as flow

    told = {"result": result, "scale": scale, "lake": lake, "site": site, "folder": folder}
    given = {name: value for name, value in told.items() if value is not None}
    try:
        spec = validated("nearsight reproduce", given, Reproduction, Path.cwd())
    except BadParameters as error:
        refuse(str(error))
    with at_work() as ready:
        ready()
        show(flow(spec), spec.file)


def listed(scale: Literal["small", "paper"]) -> Table:
    """Every result, and the work that it needs."""
    from flows.reproduction.page import heading
    from flows.reproduction.results import RESULTS
    from flows.reproduction.work import in_order

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("result", "in the paper", "what it shows", f"work, scale {scale}"):
        table.add_column(title)
    for name, result in RESULTS.items():
        work = in_order(scale, result.work)
        table.add_row(name, heading(name), result.title, ", ".join(w.name for w in work))
    return table
