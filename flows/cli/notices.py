"""What the lake has to say while it waits for its store, in the terminal."""

from __future__ import annotations

import logging
import sys

_SAME = 5.0
"""Seconds in which a sentence is not said again: all workers notice the same outage."""


class Notices(logging.Handler):
    """Prints warnings, those of workers as well; bars that are shown there make way for them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        sentence = record.getMessage()
        subject = sentence.partition(" (")[0]
        if record.created - self._said.get(subject, 0.0) > _SAME:
            self._said[subject] = record.created
            print(sentence, file=sys.stderr)
