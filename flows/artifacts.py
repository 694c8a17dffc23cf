"""The report's tables and pictures as artifacts of the flow run, in the Prefect UI."""

from __future__ import annotations

import logging

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from flows.campaign import Campaign
from flows.gather import metrics_rows, pictures
from flows.history import campaigns, read_cycles
from storage import Lake


def publish(lake: Lake, campaign: Campaign) -> None:
    """Show a campaign in the Prefect UI. What cannot be shown never fails a flow."""
    cycles = read_cycles(lake, campaign.name)
    try:
        create_table_artifact(
            [row.model_dump() for row in metrics_rows(lake, cycles)],
            key=f"{campaign.name}-errors",
            description=(
                f"Errors of campaign {campaign.name} against {campaign.level.name}: forces in "
                "meV/Å, energies in meV/atom"
            ),
        )
        for i, picture in enumerate(pictures(lake, cycles, campaigns(lake)[campaign.name])):
            create_image_artifact(
                image_url=picture.uri,
                key=f"{campaign.name}-picture-{i}",
                description=f"**{picture.title}.** {picture.caption}",
            )
        create_markdown_artifact(
            f"`nearsight report {campaign.lake}` writes the full report.",
            key=f"{campaign.name}-report",
        )
    except Exception:  # Prefect's view of a campaign is not the campaign
        logging.getLogger(__name__).warning("no artifacts in the Prefect UI", exc_info=True)
