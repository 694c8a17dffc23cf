"""What a campaign came to, as artifacts of the flow run in the Prefect UI."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prefect.client.schemas.actions import ArtifactCreate

from flows.gather import gather, write_report
from flows.history import Cycle
from flows.pages import SERVED
from flows.report import Report, duration
from flows.summary import cost, label_counts, metrics_of
from storage import Lake
from tasks.story import Story
from tasks.workplace import Workplace

PICTURES = 600.0
"""Seconds after which pictures are drawn anew at the end of a cycle; it takes a few."""

POOLS = {"explore": "md", "label": "qm", "train": "train"}
"""Pools that do the work of the stages; all others are done by `cpu`."""


@contextmanager
def if_it_can() -> Iterator[None]:
    """Show something in the Prefect UI. What cannot be shown never fails a flow."""
    try:
        yield
    except Exception:  # Prefect's view of a campaign is not the campaign
        logging.getLogger("prefect.flow_runs").warning("no artifacts", exc_info=True)


def show_cycle(work: Workplace, cycle: Cycle) -> Cycle:
    """Show what a cycle came to, and from time to time the campaign in pictures; the cycle."""
    with if_it_can():
        show_table(
            work.story,
            f"{cycle.campaign}-cycle-{cycle.number}",
            cycle_rows(work.lake, cycle, work.story.found(work.title, "labels")),
            headline(work.lake, cycle),
        )
        if work.story.since(f"{cycle.campaign}-report") > PICTURES:
            show_campaign(work.story, work.lake, cycle.campaign)
    return cycle


def show_campaign(story: Story, lake: Lake, campaign: str) -> None:
    """Show a campaign as it stands: its errors and its pictures."""
    with if_it_can():
        report = gather(lake, campaign)
        show_table(
            story,
            f"{campaign}-errors",
            errors(report),
            f"Errors against {report.level_of_theory}: forces in meV/Å, energies in meV/atom",
        )
        key = f"{campaign}-report"
        told = f"Campaign {campaign} in pictures"
        text = page(report, where(lake, campaign))
        story.tell(key, ArtifactCreate(type="markdown", key=key, description=told, data=text))


def show_table(
    story: Story, key: str, rows: Sequence[Mapping[str, str | int]], description: str
) -> None:
    """Show a table; no heading may be empty, for the UI shows no such table."""
    data = json.dumps([dict(row) for row in rows])
    story.tell(key, ArtifactCreate(type="table", key=key, description=description, data=data))


def headline(lake: Lake, cycle: Cycle) -> str:
    """A cycle in one line."""
    metrics = metrics_of(lake, cycle).items()
    errors = ", ".join(f"{m['mae_p95']:.0f} on {test}" for test, m in metrics)
    return f"MAE_p95 {errors} (meV/Å); {len(cycle.labels)} labels"


def cycle_rows(lake: Lake, cycle: Cycle, cached: int) -> list[dict[str, str | int]]:
    """Rows of the table of a cycle, few enough for one page; `cached` labels were in the lake."""
    told: dict[str, str | int] = {}
    if cycle.batch:
        found, labels = lake.get("batch", cycle.batch).metadata, label_counts(lake, cycle)
        good = labels.get("converged", 0)
        bad = sum(labels.values()) - good
        told |= {
            "walks": len(cycle.walks),
            "unknown atoms": f"{found['unknown_atoms']} of {found['atoms_seen']}, in all frames",
            "clusters cut": len(found["clusters"]),
            "labels": f"{good} converged, {bad} failed; {cached} found in the lake",
        }
    told["clusters learned from"] = len(cycle.clusters)
    for test, m in metrics_of(lake, cycle).items():
        told[f"forces on {test}"] = f"MAE_p95 {m['mae_p95']:.1f}, RMSE {m['rmse']:.1f} meV/Å"
    spent: dict[str, float] = defaultdict(float)
    for stage, seconds in cost(lake, cycle).items():
        spent[POOLS.get(stage, "cpu")] += seconds
    told["work of the pools"] = ", ".join(f"{pool} {duration(s)}" for pool, s in spent.items())
    return [{"what": what, f"cycle {cycle.number}": value} for what, value in told.items()]


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


def where(lake: Lake, campaign: str) -> str:
    """Where the whole report is: a link, if the server shows pages of this machine; a command."""
    command = f"`nearsight report {lake.url} --campaign {campaign}`"
    if (folder := os.environ.get(SERVED)) is None:
        return f"The whole report: {command}."
    mark = hashlib.sha256(lake.url.encode()).hexdigest()[:8]  # lakes may share names of campaigns
    file = write_report(lake, campaign, Path(folder) / f"{campaign}-{mark}.html")
    return f"[The whole report](/reports/{file.name}), or as a file: {command}."


def page(report: Report, where: str) -> str:
    """The report as Markdown, its pictures inside.

    Prefect's own image artifact shows a picture's address below it, and here that is the picture
    once more, as a line of half a million letters.
    """
    told = [f"# {report.title}", where, f"Labels by {report.level_of_theory}.", *report.summary]
    for picture in report.figures:
        told += [f"## {picture.title}", f"![{picture.alt}]({picture.uri})", picture.caption]
    return "\n\n".join(told)
