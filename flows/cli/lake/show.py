"""`nearsight lake show`: what a snapshot or a record holds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from flows.cli.app import console, told
from flows.cli.lake.verbs import Address, AsJson, entries, print_json, say, table, verbs

Name = Annotated[str, typer.Argument(help="Tag of a snapshot, or the beginning of a key")]


@verbs.command()
def show(lake: Address, name: Name, as_json: AsJson = False) -> None:
    """Show a snapshot or a record: metadata, arrays, shapes and units."""
    from flows import records, snapshots
    from storage import open_lake

    with told():
        opened = open_lake(lake, mode="r")
        if name in opened.tags():
            found, display = snapshots.show(opened, name), _snapshot
        else:
            found, display = records.show(records.find(opened, name)), _record
    if as_json:
        print_json(found)
    else:
        display(found)


def _snapshot(found: dict[str, Any]) -> None:
    say(f"Snapshot {found['tag']}, written {found['written_at']}, commit {found['id']}")
    _entries("Metadata", found["metadata"])
    records = table("Records", "kind", "number", numbers=("number",))
    for kind, number in found["records"].items():
        records.add_row(kind, str(number))
    console.print(records)
    for status, number in found["labels"].items():
        say(f"Labels {status}: {number}")
    for test, m in found["metrics"].items():
        say(
            f"Errors on {test}: force MAE_p95 {m['mae_p95']:.0f} and RMSE {m['rmse']:.0f} meV/Å, "
            f"ΔE_avg {m['delta_e_avg']:+.1f} and ΔE_std {m['delta_e_std']:.1f} meV/atom"
        )
    arrays = table("Arrays, all records up to here", "path", "shape", "dtype", "units")
    for array in found["arrays"]:
        arrays.add_row(array["path"], _shape(array["shape"]), array["dtype"], array["units"])
    console.print(arrays)


def _record(found: dict[str, Any]) -> None:
    say(f"{found['kind']} {found['key']}")
    _entries("Metadata", found["metadata"])
    if origin := found["origin"]:
        _entries("Its key is made of", {"inputs": origin["inputs"], "spec": origin["spec"]})
    if found["arrays"]:
        arrays = table("Arrays", "name", "shape", "dtype", "units")
        for array in found["arrays"]:
            arrays.add_row(array["name"], _shape(array["shape"]), array["dtype"], array["units"])
        console.print(arrays)


def _entries(title: str, told: dict[str, Any]) -> None:
    listed = table(title, "name", "value")
    for name, value in entries(told).items():
        listed.add_row(name, value)
    console.print(listed)


def _shape(shape: list[int]) -> str:
    return " × ".join(map(str, shape)) or "one value"
