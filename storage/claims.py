"""Claims: who is at which piece of work, so that others who share a lake leave it to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from storage.base import Objects
from storage.errors import MissingObject
from storage.records import check_name


@dataclass(frozen=True)
class Claim:
    """One writer's word that it is at work on the record `kind`/`key`.

    Attributes
    ----------
    beat
        Grows while the writer lives; a claim that no longer changes is that of a dead one.
    owner
        Who it is, in the writer's own words, no two writers' alike.
    """

    kind: str
    key: str
    beat: int
    owner: str

    @property
    def name(self) -> str:
        """Of its object in the lake."""
        return _name(self.kind, self.key, self.beat)

    @property
    def next(self) -> Claim:
        """The same, one beat on."""
        return replace(self, beat=self.beat + 1)


class Claims:
    """Claims on records that are not there yet: ``claims/<kind>/<key>.<beat>``.

    They need create-only puts and nothing else: no clocks that agree, no locks. The object of beat
    0 lies there as long as anybody is at work; beside it lies that of the newest beat. A claim
    spares work and decides nothing: whoever writes a record first has written it.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def take(self, kind: str, key: str, owner: str) -> Claim | None:
        """Claim a record, unless somebody has: None then."""
        first = Claim(kind, key, 0, owner)
        return first if self._write(first) else None

    def take_over(self, claim: Claim, owner: str) -> Claim | None:
        """Put `owner` in the place of a claim's dead holder; None if it lives, or another did."""
        return self.renew(replace(claim, owner=owner))

    def renew(self, claim: Claim) -> Claim | None:
        """Say that the holder of a claim lives; None where another has taken it over."""
        if not self._write(claim.next):
            return None
        if claim.beat:
            self._objects.delete(claim.name)
        return claim.next

    def give_back(self, claim: Claim) -> None:
        """End a claim, once its record is there or will not come."""
        self._objects.delete(claim.name)
        if claim.beat:
            self._objects.delete(_name(claim.kind, claim.key, 0))

    def holder(self, kind: str, key: str) -> Claim | None:
        """The newest claim on a record; None where there is none."""
        beat = self.beats(kind).get(key)
        if beat is None:
            return None
        try:
            owner = self._objects.read(_name(kind, key, beat)).decode()
        except MissingObject:  # it went on, or ended, just now
            return self.holder(kind, key)
        return Claim(kind, key, beat, owner)

    def beats(self, kind: str) -> dict[str, int]:
        """The newest beat of every claim on records of a kind, by key."""
        newest: dict[str, int] = {}
        for name in self._objects.names(f"claims/{kind}"):
            key, _, beat = name.rpartition("/")[2].partition(".")
            newest[key] = max(newest.get(key, 0), int(beat))
        return newest

    def abandoned(self, age: timedelta) -> Iterator[str]:
        """Names of the objects of claims whose newest beat is older."""
        now = datetime.now(UTC)
        for kind in self._objects.folders("claims"):
            for key, beat in self.beats(kind).items():
                newest = _name(kind, key, beat)
                try:
                    old = now - self._objects.modified(newest) > age
                except MissingObject:  # its holder lives
                    continue
                if old:
                    yield from {newest, _name(kind, key, 0)}

    def _write(self, claim: Claim) -> bool:
        return self._objects.create(claim.name, claim.owner.encode(), durable=False)


def _name(kind: str, key: str, beat: int) -> str:
    check_name(kind, key)
    return f"claims/{kind}/{key}.{beat}"
