"""Attempts: work that failed in one run, which another run tries again."""

from __future__ import annotations

from storage.origin import Origin


def attempt_origin(wanted: str, run: str) -> Origin:
    """What a failed attempt is made of: key of the record that was wanted, and the run."""
    return Origin("attempt", {"run": run}, [wanted])
