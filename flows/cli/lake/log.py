"""`nearsight lake log`: the history of a lake."""

from __future__ import annotations

from flows.cli.app import console, told
from flows.cli.lake.verbs import Address, AsJson, print_json, say, table, verbs


@verbs.command()
def log(lake: Address, as_json: AsJson = False) -> None:
    """List the snapshots: tag, time, cycle, model and what each names."""
    from flows import snapshots
    from storage import open_lake

    with told():
        found = snapshots.log(open_lake(lake, mode="r"))
    if as_json:
        print_json(found)
        return
    if not found["snapshots"]:
        say(f"The lake {found['lake']} holds no snapshot yet: the first cycle makes one.")
        return
    history = table(
        f"History of {found['lake']}", "tag", "written (UTC)", "cycle", "model", "records",
        numbers=("cycle",),
    )  # fmt: skip
    for entry in found["snapshots"]:
        metadata = entry["metadata"]
        records = (f"{number} {kind}" for kind, number in entry["records"].items() if number)
        history.add_row(
            entry["tag"],
            entry["written_at"][:19].replace("T", " "),
            str(metadata.get("cycle", "")),
            metadata.get("model", "")[:12],
            ", ".join(records),
        )
    console.print(history)
