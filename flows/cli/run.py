"""`nearsight run`: a campaign from its YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.app import app, refuse, told


@app.command()
def run(
    campaign: Annotated[Path, typer.Argument(help="YAML file: the parameters of al_cycle")],
) -> None:
    """Run a campaign, or go on with one that was interrupted."""
    from flows.cli.show import run_and_show
    from flows.parameters import BadParameters, read_campaign

    try:
        parameters = read_campaign(campaign)
    except BadParameters as error:
        refuse(str(error))
    with told():
        run_and_show(parameters)
