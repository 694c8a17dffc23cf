"""Patience with a store that is away: work waits, says so, and goes on when it is back."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TypeVar

from storage.errors import LakeError

LONGEST_WAIT = 15 * 60.0
"""Seconds that a store may be away before work on its lake gives up."""

LONGEST_ANSWER = 5 * 60.0
"""Seconds that one request may take before its store counts as away."""

_PAUSES = 0.1, 5.0
"""Shortest and longest time between two attempts, seconds."""

T = TypeVar("T")
_log = logging.getLogger("nearsight.lake")
_told: dict[str, float] = {}
"""Stores that this process said are away, and when it last said so."""


class Outage(Exception):
    """The store did not answer, or said that it cannot now; the text says how."""


class Patience:
    """How long to wait for `store`; begins when the first attempt does."""

    def __init__(self, store: str) -> None:
        self._store = store
        self._start = time.monotonic()
        self._pause = _PAUSES[0]

    def pause(self, outage: Outage) -> float:
        """Seconds to wait before the next attempt; raises `LakeError` when patience is over."""
        now = time.monotonic()
        waited = now - self._start
        if waited > LONGEST_WAIT:
            raise LakeError(
                f"{self._store} has not answered for {waited / 60:.0f} minutes ({outage}); "
                "everything that was finished is in the lake, so run again when it is back"
            )
        if waited > 1.0 and now - _told.get(self._store, 0.0) > waited / 2:
            _told[self._store] = now
            _log.warning(
                "%s does not answer (%s): waited %.0f s, will wait up to %.0f min",
                *(self._store, outage, waited, LONGEST_WAIT / 60),
            )
        self._pause = min(2 * self._pause, _PAUSES[1])
        return self._pause * random.uniform(0.5, 1.0)

    def over(self) -> None:
        """Say that the store is back, where it was said that it is away."""
        if _told.pop(self._store, None):
            _log.warning("%s answers again", self._store)


def patiently(store: str, attempt: Callable[[], T]) -> T:
    """Return what `attempt` returns; while it raises `Outage`, wait and try again."""
    patience = Patience(store)
    while True:
        try:
            result = attempt()
        except Outage as outage:
            time.sleep(patience.pause(outage))
        else:
            patience.over()
            return result
