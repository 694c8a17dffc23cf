"""A lake for trial inside the place of another, so that this one stays as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from storage import Lake, LakeError, Record, content_key, open_lake, patience
from tasks.probes import Amiss

KIND = "batch"
ROUNDS = 20
"""Records that writers race for."""
IMPATIENCE = 60.0
"""Seconds that a store may be away: who checks a site watches."""


@contextmanager
def hasty() -> Iterator[None]:
    """Give up soon on a store that is away, and say so as what is amiss."""
    before, patience.LONGEST_WAIT = patience.LONGEST_WAIT, IMPATIENCE
    try:
        yield
    except LakeError as error:
        raise Amiss(str(error)) from None
    finally:
        patience.LONGEST_WAIT = before


@contextmanager
def trial_lake(url: str) -> Iterator[Lake]:
    """A lake in a folder of its own at `url`, with a record and a snapshot; removed at the end.

    Raises
    ------
    Amiss
        If what is there is no lake, or a lake cannot be written and read there.
    """
    with hasty():
        place = Lake(url)
        if place.objects.stranger() is not None:
            open_lake(url, mode="r")
    root = None if place.url.startswith("s3://") else Path(place.url)
    made = [] if root is None else [p for p in (root, *root.parents) if not p.exists()]
    lake = Lake(f"{place.url}/site-check-{uuid4().hex}")
    try:
        with hasty():
            lake = open_lake(lake.url)
            put(lake, "flow")
            lake.commit("trial", {KIND: [key("flow")]})
            lake.open("trial")
        yield lake
    finally:
        with hasty():
            _remove(lake)
        for folder in made:
            with suppress(OSError):  # somebody else has use for it
                folder.rmdir()


def _remove(lake: Lake) -> None:
    if lake.url.startswith("s3://"):
        for name in list(lake.objects.names("")):
            lake.objects.delete(name)
    else:
        shutil.rmtree(lake.url, ignore_errors=True)


def key(name: str) -> str:
    """The key of a record of the trial."""
    return content_key(KIND, {"trial": name})


def put(lake: Lake, name: str, writer: str = "") -> bool:
    """Whether a record of the trial is this writer's."""
    return lake.put(Record(KIND, key(name), {"clusters": [], "writer": writer}))


def visit(url: str, name: str) -> None:
    """Read what the flow wrote, and leave something for it to read."""
    with hasty():
        lake = open_lake(url)
        lake.get(KIND, key("flow"))
        put(lake, name)


def judge(won: Sequence[Sequence[bool]]) -> str:
    """Refuse a place where a race had no winner, or several.

    Parameters
    ----------
    won
        For every writer, which records it won.
    """
    winners = [sum(record) for record in zip(*won, strict=True)]
    if bad := [number for number in winners if number != 1]:
        raise Amiss(
            f"{len(won)} writers raced for {len(winners)} records, and {len(bad)} of them had "
            f"{min(bad)} to {max(bad)} winners: results would be lost there; put the lake on a "
            "file system with atomic links, or on a store with conditional writes"
        )
    return f"{len(won)} writers raced for {len(winners)} records, one winner each"


def race(url: str, names: Sequence[str]) -> list[bool]:
    """Which of these records were won by this writer; others try at the same time."""
    with hasty():
        lake, writer = open_lake(url), uuid4().hex
        return [put(lake, name, writer) for name in names]
