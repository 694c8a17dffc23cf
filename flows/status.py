"""What campaigns came to so far, told in the Prefect UI and as pages; every night, if you like."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from pydantic import Field

from flows.artifacts import show_campaign, show_table
from flows.gather import write_report
from flows.here import here
from flows.history import campaigns, read_cycles
from flows.summary import label_counts, metrics_of
from nearsight.spec import File, Spec
from storage import Lake, open_lake
from tasks.options import LakeUrl
from tasks.story import Story


def _lake_of_the_site() -> tuple[str, ...]:
    lake = here().lake
    return () if lake is None else (lake,)


class Status(Spec):
    """Which lakes to tell of."""

    lakes: tuple[LakeUrl, ...] = Field(
        default_factory=_lake_of_the_site,
        title="Lakes",
        description="directories, or s3://bucket/prefix; none: that of the site, else every lake "
        "in the folder where the flow runs, or up to two folders down",
    )
    folder: File = Field(
        Path("reports"), title="Folder", description="one HTML page a campaign is written to it"
    )


@flow(name="status", persist_result=False)
def status(spec: Status = Status()) -> list[dict[str, str | int]]:  # noqa: B008 - frozen
    """Show every campaign of some lakes as it stands, and write its page; the rows of the table.

    Raises
    ------
    LakeError
        If there is no lake where one was named.
    """
    lakes = [open_lake(lake, mode="r") for lake in spec.lakes or nearby(Path.cwd())]
    spec.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    with Story() as story:
        for lake in lakes:
            for campaign in campaigns(lake):
                write_report(lake, campaign, spec.folder / f"{campaign}-report.html")
                show_campaign(story, lake, campaign)
                rows.append(row(lake, campaign))
        told = "Campaigns as they stand; errors of forces in meV/Å"
        show_table(story, "status", rows, told)
    return rows


def nearby(folder: Path) -> list[str]:
    """Lakes in a folder, or up to two folders down."""
    marks = (mark for depth in ("", "*/", "*/*/") for mark in folder.glob(f"{depth}lake.json"))
    return sorted(str(mark.parent) for mark in marks)


def row(lake: Lake, campaign: str) -> dict[str, str | int]:
    """What the table says of a campaign."""
    cycles = read_cycles(lake, campaign)
    if not cycles:
        return {"campaign": campaign, "lake": lake.url, "cycle": "none yet"}
    last = cycles[-1]
    labels = [f"{n} {status}" for status, n in sorted(label_counts(lake, last).items())]
    errors = {test: f"{m['mae_p95']:.0f}" for test, m in metrics_of(lake, last).items()}
    return {
        "campaign": campaign,
        "lake": lake.url,
        "cycle": last.number,
        "clusters": len(last.clusters),
        "labels of the cycle": ", ".join(labels),
        **{f"MAE_p95 on {test}": error for test, error in errors.items()},
    }
