"""What ends a flow for a reason that its user can mend; every message is one sentence."""

from __future__ import annotations


class BadFile(ValueError):
    """A file of labelled structures, or of a model, cannot be used."""


class TooManyFailures(RuntimeError):
    """More labels failed than the campaign allows."""


class LostWorkers(RuntimeError):
    """A piece of work took its workers down with it, again and again."""


class NoJobs(RuntimeError):
    """A pool of jobs cannot have any: the batch system refuses them, or is not there."""
