"""Run a campaign from the terminal and show what came of it."""

from __future__ import annotations

from pathlib import Path

from flows.campaign import Campaign
from flows.cli.app import at_work, console
from flows.cli.tables import errors_table, time_by_stage
from storage import open_lake


def run_and_show(campaign: Campaign) -> None:
    """Run, print the table, write the report."""
    console.print(
        f"Campaign [bold]{campaign.name}[/] in {campaign.lake}: "
        f"{', '.join(s.name for s in campaign.systems)}, labels by {campaign.level.name}",
        highlight=False,
    )
    with at_work() as ready:
        from flows.al_cycle import al_cycle  # seconds to import, while the server starts
        from flows.gather import write_report
        from flows.preflight import check

        check(campaign)
        ready()
        verdict = al_cycle(campaign)
        lake = open_lake(campaign.lake, mode="r")
        console.print(errors_table(lake, campaign.name))
        console.print(time_by_stage(lake, campaign.name), highlight=False)
        console.print(f"Ended: {verdict}.", highlight=False)
        page = write_report(lake, campaign.name, Path(f"{campaign.name}-report.html"))
        console.print(f"Report: {page}", highlight=False, soft_wrap=True)
