"""What a campaign came to, in the terminal."""

from __future__ import annotations

from collections import Counter

from rich import box
from rich.table import Table

from flows.history import read_cycles
from flows.report import duration
from flows.summary import cost, label_counts, metrics_of
from storage import Lake


def errors_table(lake: Lake, campaign: str) -> Table:
    """Errors by cycle and test set."""
    table = Table(
        title=f"Campaign {campaign}: errors of forces (meV/Å) and energies (meV/atom)",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    for heading in ("cycle", "clusters"):
        table.add_column(heading, justify="right")
    for heading in ("labels", "test set"):
        table.add_column(heading)
    for heading in ("MAE_p95", "RMSE", "ΔE_avg", "ΔE_std"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cycle in read_cycles(lake, campaign):
        labels = [
            str(number) if status == "converged" else f"{number} {status}"
            for status, number in sorted(label_counts(lake, cycle).items())
        ]
        first = [str(cycle.number), str(len(cycle.clusters)), ", ".join(labels)]
        for test, m in metrics_of(lake, cycle).items():
            table.add_row(
                *first,
                test,
                f"{m['mae_p95']:.0f}",
                f"{m['rmse']:.0f}",
                f"{round(m['delta_e_avg'], 1) + 0.0:+.1f}",
                f"{m['delta_e_std']:.1f}",
            )
            first = ["", "", ""]
        table.add_section()
    return table


def time_by_stage(lake: Lake, campaign: str) -> str:
    """What the work of every stage took, all cycles and workers together."""
    spent: Counter[str] = Counter()
    for cycle in read_cycles(lake, campaign):
        spent.update(cost(lake, cycle))
    stages = ", ".join(f"{stage} {duration(seconds)}" for stage, seconds in spent.items())
    return f"Work, all workers together: {stages or 'none yet'}."
