"""`nearsight lake diff`: what changed between two snapshots."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.app import console, told
from flows.cli.lake.verbs import Address, AsJson, print_json, say, table, verbs

TagA = Annotated[str, typer.Argument(help="Tag of the one snapshot", metavar="A")]
TagB = Annotated[str, typer.Argument(help="Tag of the other", metavar="B")]

_UNITS = {"mae_p95": "meV/Å", "rmse": "meV/Å", "delta_e_avg": "meV/atom", "delta_e_std": "meV/atom"}


@verbs.command()
def diff(lake: Address, a: TagA, b: TagB, as_json: AsJson = False) -> None:
    """Compare two snapshots: records, labels by status, clusters, models and their errors.

    A cycle stands for all that its campaign had by then.
    """
    from flows import snapshots
    from storage import open_lake

    with told():
        found = snapshots.diff(open_lake(lake, mode="r"), a, b)
    if as_json:
        print_json(found)
    else:
        _display(found)


def _display(found: dict[str, Any]) -> None:
    a, b = found["a"], found["b"]
    for end in (a, b):
        model = end["metadata"].get("model", "")[:12]
        say(f"{end['tag']}, written {end['written_at']}" + (f", model {model}" if model else ""))
    only_a, only_b = f"only {a['tag']}", f"only {b['tag']}"
    records = table("Records", "kind", only_a, only_b, "both", numbers=(only_a, only_b, "both"))
    for kind, n in found["records"].items():
        records.add_row(kind, str(n["only_a"]), str(n["only_b"]), str(n["both"]))
    console.print(records)
    tags = (a["tag"], b["tag"])
    labels = table("Labels by status", "status", *tags, numbers=tags)
    for status, n in found["labels"].items():
        labels.add_row(status, str(n["a"]), str(n["b"]))
    console.print(labels)
    if found["clusters"]:
        clusters = table("Clusters", "system", "formula", only_a, only_b, numbers=(only_a, only_b))
        for c in found["clusters"]:
            clusters.add_row(c["system"], c["formula"], str(c["only_a"]), str(c["only_b"]))
        console.print(clusters)
    if found["metrics"]:
        metrics = table("Errors", "test set", "metric", *tags, "unit", numbers=tags)
        for test, values in found["metrics"].items():
            for metric, n in values.items():
                shown = ("" if n[end] is None else f"{n[end]:.1f}" for end in "ab")
                metrics.add_row(test, metric, *shown, _UNITS.get(metric, ""))
        console.print(metrics)
