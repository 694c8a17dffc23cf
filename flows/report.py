"""The report of a campaign: one HTML page that stands alone, for a chemist to read and pass on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from flows.pages import FOLDER, render
from nearsight.spec import Spec


class MetricsRow(Spec):
    """Errors of one cycle's model on one test set (paper, Section 3, Error Metrics)."""

    cycle: int = Field(ge=0, description="0 is the start model")
    clusters: int = Field(ge=0, description="clusters in the model's training set")
    test_set: str
    energy_avg: float = Field(description="ΔE_avg, meV/atom")
    energy_std: float = Field(description="ΔE_std, meV/atom")
    rmse: float = Field(description="force RMSE, meV/Å")
    mae_p95: float = Field(description="force MAE_p95, meV/Å")


class LabelsRow(Spec):
    """Labels of one cycle by status."""

    cycle: int = Field(ge=0)
    converged: int = Field(0, ge=0)
    unconverged: int = Field(0, ge=0)
    crashed: int = Field(0, ge=0)
    timeout: int = Field(0, ge=0)


class CostRow(Spec):
    """Wall time of one stage of one cycle."""

    cycle: int = Field(ge=0)
    stage: str
    seconds: float = Field(ge=0)
    computed: int = Field(0, ge=0, description="pieces of work done now")
    cached: int = Field(0, ge=0, description="pieces of work found in the lake")


class Failure(Spec):
    """A label that failed, or a walk that a guard cut."""

    what: str = Field(description="key or name of the piece of work")
    status: str
    message: str


class Picture(Spec):
    """A figure as the page shows it."""

    title: str
    caption: str = Field(description="what one sees, in plain words")
    uri: str = Field(pattern=r"^data:image/(png|svg\+xml);base64,")
    alt: str = Field(min_length=1, description="what it shows, for readers who cannot see it")


class Report(Spec):
    """Everything that the page says."""

    title: str
    campaign: str
    level_of_theory: str = Field(
        min_length=1,
        description='name and nature, such as "SevenNet-0 (teacher) - a machine-learned level of '
        'theory, not DFT"',
    )
    summary: tuple[str, ...] = ()
    metrics: tuple[MetricsRow, ...] = ()
    labels: tuple[LabelsRow, ...] = ()
    costs: tuple[CostRow, ...] = ()
    provenance: tuple[tuple[str, str], ...] = Field(
        (), description="(what, value): model keys, seeds, versions of packages"
    )
    figures: tuple[Picture, ...] = ()
    failures: tuple[Failure, ...] = ()
    scene: dict[str, Any] | None = Field(
        None, description="of nearsight.figures.scene: the structure that the reader can turn"
    )
    created: str = Field("", description="when the report was made")


class BeforeAfter(Spec):
    """Force errors of the first and the last model on one test set, meV/Å."""

    test_set: str
    first_cycle: int
    last_cycle: int
    mae_p95: tuple[float, float]
    rmse: tuple[float, float]


def before_and_after(metrics: Sequence[MetricsRow]) -> list[BeforeAfter]:
    """Compare the first with the last cycle of every test set that was evaluated more than once."""
    compared = []
    for name in dict.fromkeys(row.test_set for row in metrics):
        rows = sorted((row for row in metrics if row.test_set == name), key=lambda row: row.cycle)
        first, last = rows[0], rows[-1]
        if first.cycle < last.cycle:
            compared.append(
                BeforeAfter(
                    test_set=name,
                    first_cycle=first.cycle,
                    last_cycle=last.cycle,
                    mae_p95=(first.mae_p95, last.mae_p95),
                    rmse=(first.rmse, last.rmse),
                )
            )
    return compared


def duration(seconds: float) -> str:
    """Seconds as a person says them: "41 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _change(pair: tuple[float, float]) -> str:
    """Relative change in per cent, with its sign."""
    before, after = pair
    return f"{100 * (after - before) / before:+.0f} %".replace("-", "−") if before else "–"


def _number(value: float, digits: int = 1) -> str:
    """A number with a true minus sign and no negative zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def render_report(report: Report) -> str:
    """Return the page: one HTML document with its styles, pictures and script inside."""
    return render(
        "report.html",
        {"duration": duration, "change": _change, "number": _number},
        report=report,
        compared=before_and_after(report.metrics),
        stages=list(dict.fromkeys(row.stage for row in report.costs)),
        cycles=sorted({row.cycle for row in report.costs}),
        cost={(row.cycle, row.stage): row for row in report.costs},
        viewer=(FOLDER / "viewer.js").read_text(encoding="utf-8"),
    )
