"""What flows tell the Prefect server beyond their states, for its automations to act on."""

from __future__ import annotations

from prefect.events import emit_event

from flows.artifacts import if_it_can
from flows.campaign import Campaign
from flows.history import Cycle


def announce(campaign: Campaign, last: Cycle, verdict: str) -> None:
    """Tell that a campaign has ended, and with which model; `prefect.yaml` names what follows."""
    with if_it_can():
        emit_event(
            "nearsight.al_cycle.finished",
            resource={
                "prefect.resource.id": f"nearsight.campaign.{campaign.name}",
                "prefect.resource.name": campaign.name,
            },
            payload={
                "lake": campaign.lake,
                "campaign": campaign.name,
                "tag": last.tag,
                "model": last.model,
                "verdict": verdict,
                **campaign.model_dump(mode="json", include={"systems"}, exclude_none=True),
            },
        )
