"""What a Prefect task and a campaign cost beside the same functions, called in a loop.

    python benchmarks/campaign.py [--tasks 50] [--labels 10] [--json FILE]

At a real Prefect server, which this script starts, run so many tasks of one piece of work, a small
record each, one after another. Then runs a campaign of two cycles with so many labels each, all
real and as small as it can be, in one process without workers. Its pieces of work take turns there,
so what they take is what the same functions take in a loop; the rest is orchestration: Prefect,
claims, snapshots, tables and pictures for the UI. That of a campaign hardly grows with its work.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
os.environ |= {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "DO_NOT_TRACK": "1"}

from campaigns import make_campaign, site
from common import quiet, tell
from prefect import flow
from prefect_server import prefect_server

from flows.al_cycle import al_cycle
from nearsight.references import CalculatorLevel
from storage import Lake, Record, content_key
from tasks.workplace import Piece, Workplace, done, verb, workplace

Figures = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--labels", type=int, default=10, help="of a cycle")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    tell(figures(options.tasks, options.labels), options.json)


def figures(tasks: int = 50, labels: int = 10) -> Figures:
    """Figures of tasks and of a campaign."""
    with tempfile.TemporaryDirectory(prefix="nearsight-campaign-") as name:
        folder = Path(name)
        with prefect_server(folder / "prefect"):
            return of_tasks(folder, tasks) | of_campaign(folder, labels)


def of_tasks(folder: Path, count: int) -> Figures:
    """So many tasks, beside a loop over what they do."""

    @verb(name="small")
    def small(work: Workplace, key: str) -> str:
        return done(key, work.finish("small", "cpu", [Piece("batch", key, leave)]))

    @flow(name="tasks", persist_result=False)
    def in_flow() -> None:
        for number in range(count):
            small.submit(work, content_key("batch", number)).result()

    def in_loop() -> None:
        for number in range(count):
            leave(work.lake, content_key("batch", ["loop", number]))

    with workplace(str(folder / "tasks"), site(0), quiet()) as work:
        through, plain = Spent.on(in_flow), Spent.on(in_loop)
    over = through - plain
    return {
        "tasks": float(count),
        "a task, ms": 1e3 * through.clock / count,
        "the same in a loop, ms": 1e3 * plain.clock / count,
        "overhead of a task, ms": 1e3 * over.clock / count,
        "overhead of a task, processor, ms": 1e3 * over.processor / count,
    }


def leave(lake: Lake, key: str) -> None:
    lake.put(Record("batch", key, {"clusters": []}, {}))


def of_campaign(folder: Path, labels: int) -> Figures:
    """A campaign, beside the time that its pieces of work took."""
    pieces: list[Spent] = []
    finish = Workplace.finish

    def finish_timed(self: Workplace, stage: str, pool: Any, given: Any) -> bool:
        return finish(self, stage, pool, [replace(p, function=timed(p.function)) for p in given])

    def timed(function: Callable[..., None]) -> Callable[..., None]:
        return lambda *arguments: pieces.append(Spent.on(lambda: function(*arguments)))

    tiny = make_campaign(folder, cycles=2, labels=labels)
    level = CalculatorLevel(
        name=tiny.level.name, calculator=tiny.level.calculator, arguments={"log": os.devnull}
    )
    lake = str(folder / "lake")
    tiny = tiny.model_copy(update={"lake": lake, "level": level, "walks": 4, "site": site(0)})
    with patch.object(Workplace, "finish", finish_timed):
        whole = Spent.on(lambda: al_cycle(tiny))
    loop = Spent(sum(p.clock for p in pieces), sum(p.processor for p in pieces))
    over = whole - loop
    return {
        "campaign over its pieces in a loop": whole.clock / loop.clock,
        "the same, processor": whole.processor / loop.processor,
        "campaign, s": whole.clock,
        "its pieces in a loop, s": loop.clock,
        "overhead of a campaign, s": over.clock,
        "overhead of a campaign, processor, s": over.processor,
    }


class Spent(NamedTuple):
    """What some work took, by the clock and of the processor, seconds."""

    clock: float
    processor: float

    @classmethod
    def on(cls, work: Callable[[], object]) -> Spent:
        began, processor = time.perf_counter(), time.process_time()
        work()
        return cls(time.perf_counter() - began, time.process_time() - processor)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.clock - other.clock, self.processor - other.processor)


if __name__ == "__main__":
    main()
