"""`nearsight run`: a campaign from its YAML file."""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, read


@app.command()
def run(campaign: ParametersFile) -> None:
    """Run a campaign, or go on with one that was interrupted."""
    from flows.campaign import Campaign

    parameters = read(campaign, Campaign)
    from flows.cli.show import run_and_show

    run_and_show(parameters)
