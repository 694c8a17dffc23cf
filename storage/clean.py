"""Cleaning: what lies in a lake and nothing needs, found first and then removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import icechunk

from storage.contents import Contents
from storage.errors import LakeError
from storage.lake import Lake
from storage.links import Reference, owner, references

UNFINISHED = timedelta(days=1)
"""No writer is at one object for so long: what is older and unfinished, a dead one left behind."""

_ROOTS = ("campaign", "cycle", "dataset", "label")


@dataclass(frozen=True)
class Waste:
    """What a lake does not need: objects by name, and their bytes.

    Attributes
    ----------
    leftovers
        Of writers that died at work.
    records, blobs
        Old, and reached from nowhere. The newest come first, so that they go before what they
        refer to.
    unfinished
        Number and bytes of files that were written for snapshots and belong to none.
    """

    leftovers: dict[str, int]
    records: dict[str, int]
    blobs: dict[str, int]
    unfinished: tuple[int, int]


def waste(lake: Lake, older_than: timedelta) -> Waste:
    """Find what nothing in a lake needs.

    Needed is every label, and what a tag, a campaign, a cycle or a data set reaches. So is
    whatever is younger than `older_than`, with all that it reaches, for nothing refers yet to
    work in progress.

    Raises
    ------
    LakeError
        If a record that is needed is damaged or missing: nobody knows what it referred to.
    """
    objects, now = lake.objects, datetime.now(UTC)

    def old(names: Iterable[str], age: timedelta) -> dict[str, int]:
        written = {name: objects.modified(name) for name in names}
        aged = [name for name, moment in written.items() if now - moment > age]
        return {n: objects.size(n) for n in sorted(aged, key=written.__getitem__, reverse=True)}

    lying = {Reference(kind, key) for kind in lake.kinds() for key in lake.keys(kind)}
    needed: set[Reference] = set()
    _reach(lake, lying, needed, _roots(lake))
    unreached = {reference.name: reference for reference in lying - needed}
    records = old(unreached, older_than)
    _reach(lake, lying, needed, (unreached[name] for name in unreached.keys() - records.keys()))
    owners = {None, *(reference.key for reference in needed)}
    blobs = [f"blobs/{blob}" for blob in lake.blobs() if owner(blob) not in owners]
    return Waste(
        leftovers=old([*objects.leftovers(), *lake.claims.abandoned(UNFINISHED)], UNFINISHED),
        records={n: size for n, size in records.items() if unreached[n] not in needed},
        blobs=old(blobs, older_than),
        unfinished=_collect(lake, dry_run=True),
    )


def remove(lake: Lake, found: Waste) -> None:
    """Remove what `waste` found."""
    for name in (*found.leftovers, *found.records, *found.blobs):
        lake.objects.delete(name)
    _collect(lake, dry_run=False)


def _roots(lake: Lake) -> Iterator[Reference]:
    for kind in _ROOTS:
        yield from (Reference(kind, key) for key in lake.keys(kind))
    if lake.tags():
        for kind, keys in Contents(lake.open()).keys().items():
            yield from (Reference(kind, key) for key in keys)


def _reach(
    lake: Lake, lying: set[Reference], needed: set[Reference], roots: Iterable[Reference]
) -> None:
    """Add to `needed` all that `roots` reach."""
    found = list(roots)
    while found:
        reference = found.pop()
        if reference in needed or (reference not in lying and not reference.needed):
            continue
        needed.add(reference)
        try:
            record = lake.get(reference.kind, reference.key)
        except LakeError as error:
            raise LakeError(
                f"nothing was removed, for {reference.kind} {reference.key} is needed and cannot "
                f"be read: `nearsight lake verify {lake.url}` names all damage and the way out"
            ) from error
        found.extend(references(record))


def _collect(lake: Lake, dry_run: bool) -> tuple[int, int]:
    """Remove files of snapshots that were never finished; how many there are, and their bytes."""
    if lake.repository is None:
        return 0, 0
    try:
        gone = lake.repository.garbage_collect(datetime.now(UTC) - UNFINISHED, dry_run=dry_run)
    except icechunk.IcechunkError as error:
        raise LakeError(
            f"the snapshots of {lake.url} were not cleaned ({error}): try again"
        ) from error
    files = (
        gone.chunks_deleted
        + gone.manifests_deleted
        + gone.snapshots_deleted
        + gone.transaction_logs_deleted
        + gone.attributes_deleted
    )
    return files, gone.bytes_deleted
