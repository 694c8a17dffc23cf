"""`nearsight lake verify`: is everything as it was written, and all of it there?"""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.progress import Progress

from flows.cli.app import errors, told
from flows.cli.lake.verbs import Address, AsJson, many, print_json, say, verbs


@verbs.command()
def verify(lake: Address, as_json: AsJson = False) -> None:
    """Check every checksum, key, reference and snapshot; exit status 1 if anything is wrong."""
    from flows.audit import audit
    from storage import open_lake

    with told(), Progress(console=errors, transient=True, disable=not errors.is_terminal) as bars:
        stages = {
            stage: bars.add_task(stage, total=1) for stage in ("records", "blobs", "snapshots")
        }
        opened = open_lake(lake, mode="r")
        found = audit(opened, lambda stage, done: bars.update(stages[stage], completed=done))
    if as_json:
        print_json({"lake": opened.url, "sound": not found.defects, **asdict(found)})
    else:
        for defect in found.defects:
            say(defect.sentence)
        through = (
            f"{many(found.records, 'record')}, {many(found.blobs, 'blob')} and "
            f"{many(found.snapshots, 'snapshot')}; {many(found.rehashed, 'key')} computed anew"
        )
        if found.older:
            through += f", {found.older} not: an older Nearsight did not keep what they are made of"
        defects = many(len(found.defects), "defect")
        verdict = f"has {defects}" if found.defects else "is sound"
        say(f"The lake {opened.url} {verdict} ({through}).")
    if found.defects:
        raise typer.Exit(1)
