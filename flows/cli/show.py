"""Run a campaign from the terminal and show what came of it."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from flows.al_cycle import al_cycle
from flows.campaign import Campaign
from flows.cli.app import console
from flows.gather import write_report
from flows.history import read_cycles
from flows.summary import label_counts, metrics_of
from storage import Lake, open_lake


def run_and_show(campaign: Campaign) -> None:
    """Run, print the table, write the report."""
    console.print(
        f"Campaign [bold]{campaign.name}[/] in {campaign.lake}: "
        f"{', '.join(s.name for s in campaign.systems)}, labels by {campaign.level.name}",
        highlight=False,
    )
    verdict = al_cycle(campaign)
    lake = open_lake(campaign.lake)
    console.print(errors_table(lake, campaign.name))
    console.print(f"Ended: {verdict}.", highlight=False)
    page = write_report(lake, campaign.name, Path(f"{campaign.name}-report.html"))
    console.print(f"Report: {page}", highlight=False)


def errors_table(lake: Lake, campaign: str) -> Table:
    """Errors by cycle and test set."""
    table = Table(title=f"Errors of campaign {campaign}")
    for heading in ("cycle", "clusters", "labels", "test set"):
        table.add_column(heading)
    for heading, unit in (
        ("force MAE_p95", "meV/Å"),
        ("force RMSE", "meV/Å"),
        ("ΔE_avg", "meV/atom"),
        ("ΔE_std", "meV/atom"),
    ):
        table.add_column(f"{heading}\n{unit}", justify="right")
    for cycle in read_cycles(lake, campaign):
        labels = ", ".join(f"{n} {status}" for status, n in label_counts(lake, cycle).items())
        first = [str(cycle.number), str(len(cycle.clusters)), labels]
        for test, m in metrics_of(lake, cycle).items():
            table.add_row(
                *first,
                test,
                f"{m['mae_p95']:.0f}",
                f"{m['rmse']:.0f}",
                f"{m['delta_e_avg']:+.2f}",
                f"{m['delta_e_std']:.2f}",
            )
            first = ["", "", ""]
        table.add_section()
    return table
