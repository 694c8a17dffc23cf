"""Kills around campaigns: victims and moments are chosen by a seed."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from flow_process import FlowProcess
from rival import Rival
from s3_server import S3Server
from watch import Watch
from witness import Witness

from flows.campaign import Campaign
from storage import Lake, open_lake

FLOW, WORKER, STORE = "the flow", "a worker", "the S3 server"
COMMITTER, RIVAL = "the flow, in a commit", "another committer, in a commit"
STORE_IN_COMMIT = "the S3 server, in a commit"
VICTIMS = (FLOW, COMMITTER, WORKER, RIVAL, STORE, STORE_IN_COMMIT)

PHASES = ("chunks", "manifests", "snapshots", "transactions")
"""Folders that Icechunk writes to before a commit gets its tag."""

AWAY = "does not answer"
"""What a flow says in its terminal of a store that is away."""

STANDSTILL = 240.0
"""Seconds without a new record after which a campaign counts as stuck."""


@dataclass
class Figures:
    """What happened, and what is wrong in the end."""

    kills: Counter[str] = field(default_factory=Counter)
    between_commit_and_tag: int = 0
    campaigns: int = 0
    starts: int = 0
    labels_once: int = 0
    labels_again: int = 0
    outages: list[float] = field(default_factory=list)
    waits: int = 0
    wrong: list[str] = field(default_factory=list)


class Deck:
    """Cards in random order; all of them come before one comes again."""

    def __init__(self, rng: random.Random, cards: Sequence[str]) -> None:
        self._rng = rng
        self._cards = cards
        self._left: list[str] = []

    def draw(self) -> str:
        self._left = self._left or self._rng.sample(self._cards, len(self._cards))
        return self._left.pop()

    def put_back(self, card: str) -> None:
        self._left.append(card)


class Moment:
    """Some time after the next few records have come."""

    def __init__(self, rng: random.Random, records: int) -> None:
        few = rng.choice((0, 1, 1, 2, 3))
        self._records = records + few
        self._pause = rng.uniform(0.0, 1.5 if few else 6.0)
        self._reached: float | None = None

    def has_come(self, records: int) -> bool:
        now = time.monotonic()
        if self._reached is None and records >= self._records:
            self._reached = now
        return self._reached is not None and now >= self._reached + self._pause


class Killer:
    """Kills parts of campaigns until it has had enough.

    Parameters
    ----------
    enough
        Whether these are kills enough, by victim.
    server
        Where the lakes are, if it is to be killed, too.
    """

    def __init__(
        self, seed: int, enough: Callable[[Counter[str]], bool], server: S3Server | None = None
    ) -> None:
        self.figures = Figures()
        self._enough = enough
        self._server = server
        self._rng = random.Random(seed)
        anytime, in_commit = [FLOW, WORKER], [COMMITTER, COMMITTER, RIVAL]
        if server is not None:
            anytime.append(STORE)
            in_commit.append(STORE_IN_COMMIT)
        self._anytime, self._in_commit = Deck(self._rng, anytime), Deck(self._rng, in_commit)

    @property
    def done(self) -> bool:
        return self._enough(self.figures.kills)

    def run(self, campaign: Campaign, folder: Path, twin: Lake) -> None:
        """Run a campaign in `folder` to its end and compare it with its undisturbed twin."""
        self._flow = FlowProcess(campaign, folder)
        lake = open_lake(campaign.lake)
        self._watch, self._witness = Watch(lake), Witness(self._flow, lake)
        self._rival = Rival(lake)
        self._flow.start()
        self._pursue()
        self._rival.finish()
        calculated = self._flow.calculations()
        figures = self.figures
        figures.wrong += self._witness.findings(twin, self._rival.tags)
        figures.campaigns += 1
        figures.starts += self._flow.starts
        figures.waits += self._flow.terminal.count(AWAY)
        figures.labels_once += sum(times == 1 for times in calculated.values())
        figures.labels_again += sum(times > 1 for times in calculated.values())

    def _pursue(self) -> None:
        """Strike now and then until the flow has ended."""
        records, since = 0, time.monotonic()
        moment = Moment(self._rng, records)
        while self._flow.runs():
            time.sleep(0.1)
            if (now := self._watch.records()) > records:
                records, since = now, time.monotonic()
            if time.monotonic() - since > STANDSTILL:
                self._flow.kill()
            elif not self.done and self._watch.commit_begins():
                self._strike_commit(self._in_commit.draw())
            elif not self.done and moment.has_come(records):
                self._strike(self._anytime.draw())
                moment = Moment(self._rng, records)
        if status := self._flow.wait():
            last = (self._flow.terminal.strip() or "nothing").splitlines()[-1]
            self._wrong(f"the flow ended with status {status} and said {last}")

    def _strike(self, victim: str) -> None:
        """Kill, unless there is no such victim now."""
        if victim == STORE:
            self._kill_server()
        elif victim == FLOW:
            self._flow.kill()
        elif not self._flow.kill_worker(self._rng):
            self._anytime.put_back(victim)
            return
        self._struck(victim)

    def _strike_commit(self, victim: str) -> None:
        """Kill between the first object of a commit and its tag, unless that has come before."""
        if victim == RIVAL:
            self._rival.begin()
            time.sleep(self._rng.uniform(0.1, 1.5))
            in_time = self._rival.kill()
        else:
            in_time = self._watch.commit_reaches(self._rng.choice(PHASES))
        if not in_time:
            self._in_commit.put_back(victim)
            self._watch.look()
            return
        if victim == STORE_IN_COMMIT:
            self._kill_server()
        elif victim == COMMITTER:
            self._flow.kill()
            self.figures.between_commit_and_tag += self._watch.newest_lacks_tag()
            if self._watch.has_new_tag():
                self._in_commit.put_back(victim)
                victim = FLOW
        self._struck(victim)

    def _kill_server(self) -> None:
        assert self._server is not None
        start = time.monotonic()
        self._server.kill()
        time.sleep(self._rng.uniform(1.0, 5.0))
        self._server.start()
        self.figures.outages.append(time.monotonic() - start)

    def _struck(self, victim: str) -> None:
        """Note what is finished, and start the flow again if it was the victim."""
        self.figures.kills[victim] += 1
        flow_killed = victim in (FLOW, COMMITTER)
        if flow_killed and not self._flow.alone():
            self._wrong("processes outlived the flow that was killed")
        self._witness.note()
        self._watch.look()
        if flow_killed:
            self._flow.start()

    def _wrong(self, what: str) -> None:
        self.figures.wrong.append(f"{self._flow.folder}: {what}")


def undisturbed(campaign: Campaign, folder: Path) -> Lake:
    """The lake of a campaign that ran in `folder`, and nothing was killed."""
    flow = FlowProcess(campaign, folder)
    flow.start()
    if flow.wait():
        raise RuntimeError(f"the undisturbed campaign failed: {flow.terminal}")
    return open_lake(campaign.lake, mode="r")
