"""The report's tables and pictures as artifacts of the flow run, in the Prefect UI."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.gather import gather
from flows.report import Report
from storage import Lake


@contextmanager
def if_it_can() -> Iterator[None]:
    """Show something in the Prefect UI. What cannot be shown never fails a flow."""
    try:
        yield
    except Exception:  # Prefect's view of a campaign is not the campaign
        logging.getLogger("prefect.flow_runs").warning("no artifacts", exc_info=True)


def publish(lake: Lake, campaign: str) -> None:
    """Show a campaign in the Prefect UI, if it can be shown."""
    with if_it_can():
        report = gather(lake, campaign)
        create_table_artifact(
            errors(report),
            key=f"{campaign}-errors",
            description=(
                f"Errors of campaign {campaign} against {report.level_of_theory}: forces in "
                "meV/Å, energies in meV/atom"
            ),
        )
        create_markdown_artifact(
            page(report),
            key=f"{campaign}-report",
            description=f"Campaign {campaign} in pictures",
        )


def publish_table(rows: Sequence[Mapping[str, str | int]], key: str, description: str) -> None:
    """Show a table in the Prefect UI, if it can be shown."""
    with if_it_can():
        create_table_artifact([dict(row) for row in rows], key=key, description=description)


def errors(report: Report) -> list[dict[str, str | int]]:
    """Rows of the table of errors."""
    return [
        {
            "cycle": row.cycle,
            "clusters": row.clusters,
            "test set": row.test_set,
            "MAE_p95": f"{row.mae_p95:.1f}",
            "RMSE": f"{row.rmse:.1f}",
            "ΔE_avg": f"{row.energy_avg:+.2f}",
            "ΔE_std": f"{row.energy_std:.2f}",
        }
        for row in report.metrics
    ]


def page(report: Report) -> str:
    """The report as Markdown, its pictures inside.

    Prefect's own image artifact shows a picture's address below it, and here that is the picture
    once more, as a line of half a million letters.
    """
    told = [f"# {report.title}", f"Labels by {report.level_of_theory}.", *report.summary]
    for picture in report.figures:
        told += [f"## {picture.title}", f"![{picture.alt}]({picture.uri})", picture.caption]
    return "\n\n".join(told)
