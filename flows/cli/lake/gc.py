"""`nearsight lake gc`: remove what nothing needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from flows.cli.app import console, told
from flows.cli.lake.verbs import Address, many, say, size, table, verbs

Days = Annotated[
    int,
    typer.Option(
        min=1,
        help="Days that a record must be old; longer than any cycle takes, for a running one is "
        "not recorded yet",
    ),
]
Really = Annotated[bool, typer.Option("--yes/--dry-run", help="Remove it, or only say what")]


@verbs.command()
def gc(lake: Address, older_than: Days = 30, yes: Really = False) -> None:
    """Remove what no tag, campaign, cycle, data set or label needs; labels stay, always."""
    from storage import open_lake
    from storage.clean import remove, waste

    with told():
        opened = open_lake(lake, mode="a" if yes else "r")
        found = waste(opened, timedelta(days=older_than))
        if yes:
            remove(opened, found)
    rows = {
        "leftovers of writers that were killed": (
            len(found.leftovers),
            sum(found.leftovers.values()),
        ),
        **_by_kind(found.records),
        "blobs": (len(found.blobs), sum(found.blobs.values())),
        "files of unfinished snapshots": found.unfinished,
    }
    total = sum(bytes_ for _, bytes_ in rows.values())
    if any(number for number, _ in rows.values()):
        listed = table("Not needed", "what", "number", "size", numbers=("number", "size"))
        for what, (number, bytes_) in rows.items():
            if number:
                listed.add_row(what, str(number), size(bytes_))
        console.print(listed)
    done = "Removed" if yes else "Nothing was removed; --yes would remove"
    say(f"{done} {many(sum(n for n, _ in rows.values()), 'file')} of {size(total)}.")


def _by_kind(records: dict[str, int]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name, bytes_ in records.items():
        kind = f"records: {name.split('/')[1]}"
        number, total = found.get(kind, (0, 0))
        found[kind] = (number + 1, total + bytes_)
    return found
