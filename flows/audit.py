"""The audit of a lake with campaigns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from flows.history import campaigns, read_cycles
from storage import Lake, LakeError
from storage.audit import SNAPSHOTS_ANEW, Audit, Defect
from storage.audit import audit as audit_lake
from storage.contents import Contents


def audit(lake: Lake, tell: Callable[[str, float], None]) -> Audit:
    """What `storage.audit.audit` finds, and snapshots that do not name what their cycles do."""
    found = audit_lake(lake, tell)
    return replace(found, defects=(*found.defects, *_misnamed(lake)))


def _misnamed(lake: Lake) -> Iterator[Defect]:
    try:
        tags = lake.tags()
        cycles = [cycle for name in campaigns(lake) for cycle in read_cycles(lake, name)]
    except LakeError:  # what is damaged has been named
        return
    for cycle in cycles:
        if cycle.tag not in tags:  # its flow was killed, and will commit when it is run again
            continue
        try:
            named = Contents(lake.open(cycle.tag)).members([cycle.tag])
            meant = cycle.members(lake)
        except LakeError:
            continue
        for kind in named:
            if set(named[kind]) != set(meant.get(kind, named[kind])):
                name = f"snapshot {cycle.tag}"
                yield Defect(
                    name, f"{name} names other {kind} records than its cycle: {SNAPSHOTS_ANEW}"
                )
