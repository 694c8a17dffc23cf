"""What the snapshots of a lake hold and how two of them differ, as the command line shows it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from flows.history import read_cycles
from flows.summary import metrics_of
from storage import Lake, Snapshot
from storage.contents import Contents


def log(lake: Lake) -> dict[str, Any]:
    """Everything `nearsight lake log` prints.

    Returns
    -------
    dict
        `lake`; `snapshots`, oldest first: for each its `tag`, `id`, `written_at`, `metadata` (of
        a cycle `campaign`, `cycle` and `model`), and number of `records` by kind.
    """
    history = lake.history()
    records = Contents(lake.open()).counts() if history else {}
    return {
        "lake": lake.url,
        "snapshots": [_named(entry) | {"records": records[entry.tag]} for entry in history],
    }


def show(lake: Lake, tag: str) -> dict[str, Any]:
    """Everything `nearsight lake show` prints of a snapshot.

    Returns
    -------
    dict
        `tag`, `id`, `written_at` and `metadata`; number of `records` by kind; `labels` by status;
        `metrics` by test set of a cycle's model (meV/Å, meV/atom); `arrays`: `path`, `shape`,
        `dtype` and `units` of each.
    """
    snapshot = _snapshot(lake, tag)
    contents = Contents(lake.open(tag))
    members = contents.members([tag])
    return _named(snapshot) | {
        "records": {kind: len(keys) for kind, keys in sorted(members.items())},
        "labels": _statuses(contents, members.get("label", [])),
        "metrics": _metrics(lake, snapshot),
        "arrays": [
            {"path": a.path, "shape": list(a.shape), "dtype": a.dtype, "units": a.units}
            for a in contents.arrays()
        ],
    }


def diff(lake: Lake, a: str, b: str) -> dict[str, Any]:
    """Everything `nearsight lake diff` prints.

    A cycle stands for all that its campaign had by then; other snapshots for what they name.

    Returns
    -------
    dict
        `a`, `b`: tag, time and metadata of each; `records`: for every kind how many `only_a`,
        `only_b` and `both` hold; `labels`: by status, how many `a` and `b` hold; `clusters`: for
        every `system` and `formula`, how many `only_a` and `only_b` hold; `metrics`: of two
        cycles, by test set and metric the values of `a` and `b` (meV/Å, meV/atom).
    """
    ends = _snapshot(lake, a), _snapshot(lake, b)
    contents = Contents(lake.open())
    first, second = (_holdings(lake, contents, end) for end in ends)
    kinds = sorted(first.keys() | second.keys())
    records = {
        kind: {
            "only_a": len(first.get(kind, set()) - second.get(kind, set())),
            "only_b": len(second.get(kind, set()) - first.get(kind, set())),
            "both": len(first.get(kind, set()) & second.get(kind, set())),
        }
        for kind in kinds
    }
    before, after = (_statuses(contents, held.get("label", set())) for held in (first, second))
    return {
        "a": _named(ends[0]),
        "b": _named(ends[1]),
        "records": records,
        "labels": {
            status: {"a": before.get(status, 0), "b": after.get(status, 0)}
            for status in sorted(before.keys() | after.keys())
        },
        "clusters": _clusters(contents, first.get("cluster", set()), second.get("cluster", set())),
        "metrics": _side_by_side(*(_metrics(lake, end) for end in ends)),
    }


def _snapshot(lake: Lake, tag: str) -> Snapshot:
    history = {entry.tag: entry for entry in lake.history()}
    if tag not in history:
        lake.open(tag)  # says which tags there are
    return history[tag]


def _named(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "tag": snapshot.tag,
        "id": snapshot.id,
        "written_at": snapshot.written_at.isoformat(timespec="seconds"),
        "metadata": snapshot.metadata,
    }


def _holdings(lake: Lake, contents: Contents, snapshot: Snapshot) -> dict[str, set[str]]:
    campaign = snapshot.metadata.get("campaign")
    tags = [
        entry.tag
        for entry in lake.history()
        if campaign is not None
        and entry.metadata.get("campaign") == campaign
        and entry.written_at <= snapshot.written_at
    ]
    return {kind: set(keys) for kind, keys in contents.members([*tags, snapshot.tag]).items()}


def _statuses(contents: Contents, labels: Any) -> dict[str, int]:
    status = contents.column("label", "status")
    return dict(sorted(Counter(status[key] for key in labels).items()))


def _clusters(contents: Contents, a: set[str], b: set[str]) -> list[dict[str, Any]]:
    systems, formulas = (contents.column("cluster", name) for name in ("system", "formula"))
    only_a, only_b = (
        Counter((systems[key], formulas[key]) for key in only) for only in (a - b, b - a)
    )
    return [
        {"system": s, "formula": f, "only_a": only_a[s, f], "only_b": only_b[s, f]}
        for s, f in sorted(only_a.keys() | only_b.keys())
    ]


def _metrics(lake: Lake, snapshot: Snapshot) -> dict[str, dict[str, float]]:
    told = snapshot.metadata
    if "cycle" not in told:
        return {}
    return metrics_of(lake, read_cycles(lake, told["campaign"])[told["cycle"]])


def _side_by_side(
    a: dict[str, dict[str, float]], b: dict[str, dict[str, float]]
) -> dict[str, dict[str, dict[str, float | None]]]:
    if not a or not b:
        return {}
    return {
        test: {
            metric: {"a": a.get(test, {}).get(metric), "b": b.get(test, {}).get(metric)}
            for metric in (a.get(test) or b[test])
        }
        for test in dict.fromkeys([*a, *b])
    }
