"""Numbers of a campaign as the command line, the report and the Prefect UI show them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flows.history import Cycle, campaigns, read_cycles
from storage import Lake


def metrics_of(lake: Lake, cycle: Cycle) -> dict[str, dict[str, float]]:
    """Metrics of a cycle's model by test set: meV/Å and meV/atom."""
    return {
        name: dict(lake.get("evaluation", key).metadata["metrics"])
        for name, key in cycle.evaluations.items()
    }


def label_counts(lake: Lake, cycle: Cycle) -> dict[str, int]:
    """Labels that a cycle asked for, by status."""
    return dict(Counter(lake.get("label", key).metadata["status"] for key in cycle.labels))


def cost(lake: Lake, cycle: Cycle) -> dict[str, float]:
    """Seconds of work that a cycle's results cost, by stage, summed over workers."""

    def seconds(kind: str, keys: Any) -> float:
        return float(sum(lake.get(kind, key).metadata["seconds"] for key in keys))

    learned = bool(cycle.labels) or cycle.number == 0
    spent = {
        "explore": seconds("walk", cycle.walks),
        "fit density": seconds("density", [cycle.density] if cycle.density else []),
        "score": seconds("scores", cycle.scores),
        "extract": seconds("batch", [cycle.batch] if cycle.batch else []),
        "label": seconds("label", cycle.labels),
        "train": seconds("model", [cycle.model] if learned else []),
        "evaluate": seconds("evaluation", cycle.evaluations.values() if learned else []),
    }
    return {stage: s for stage, s in spent.items() if s > 0}


def status(lake: Lake) -> dict[str, Any]:
    """Everything `nearsight status` prints.

    Returns
    -------
    dict
        `lake`; `labels`: number by status, over all cycles; `campaigns`: for each its `name`,
        `level` and `cycles`, and for every cycle its `number`, `tag`, `model`, number of
        `clusters` learned so far, `walks`, `labels` by status, `metrics` by test set (meV/Å,
        meV/atom) and `seconds` by stage.
    """
    totals: Counter[str] = Counter()
    told = []
    for name, options in campaigns(lake).items():
        cycles = []
        for cycle in read_cycles(lake, name):
            labels = label_counts(lake, cycle)
            totals.update(labels)
            cycles.append(
                {
                    "number": cycle.number,
                    "tag": cycle.tag,
                    "model": cycle.model,
                    "clusters": len(cycle.clusters),
                    "walks": len(cycle.walks),
                    "labels": labels,
                    "metrics": metrics_of(lake, cycle),
                    "seconds": cost(lake, cycle),
                }
            )
        told.append({"name": name, "level": options["level"]["name"], "cycles": cycles})
    return {"lake": lake.url, "labels": dict(totals), "campaigns": told}
