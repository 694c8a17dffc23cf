"""What it costs to have labels done through a flow, a Prefect server and a lake.

    python benchmarks/orchestration.py [--labels 1000 2000] [--json FILE]

A real flow, at a real Prefect server, has so many clusters of 12 atoms labelled by the task
`label`, each in a millisecond or so by a Lennard-Jones potential; two workers of this machine do
it. The same workers compute the same labels by Dask's plain `client.map`, which keeps nothing. So
it goes for a lake in a local directory and for one on a real S3 store; this script starts that as
well as the server. A plain loop in one process, which keeps its labels in the lake, tells what of
the overhead is the lake's. The server is asked for its health all the while, and its database is
looked at before and after.

Overhead is what the flow takes longer: by the clock, and in processor time of the flow and its
workers, which means something on a busy machine, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/helpers"))
os.environ |= {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "DO_NOT_TRACK": "1"}

from campaigns import site
from common import quiet, tell
from millisecond import LEVEL, clusters, compute, get_ready
from prefect import flow
from prefect_server import PrefectServer, prefect_server
from s3_server import s3_store

from nearsight.references import Execution
from storage import Lake
from tasks.label import label, label_one
from tasks.workplace import Workplace, workplace

Figures = dict[str, Any]
LOOP = 200
AIM = 50.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--labels", type=int, nargs="+", default=[1000, 2000])
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    found = figures(options.labels)
    for title, rows in found.items():
        tell(rows, None, title)
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def figures(labels: Sequence[int] = (1000,)) -> dict[str, Figures]:
    """Figures by the number of labels and the place of the lake."""
    with tempfile.TemporaryDirectory(prefix="nearsight-orchestration-") as name:
        folder = Path(name)
        with s3_store(folder / "s3"), prefect_server(folder / "prefect") as server:
            return {
                **through(server, "a local lake", str(folder / "lake"), labels),
                **through(server, "a lake on S3", "s3://lake/bench", labels),
            }


def through(
    server: PrefectServer, place: str, lake: str, counts: Sequence[int]
) -> dict[str, Figures]:
    """Label so many clusters in a flow, by plain Dask and in a plain loop."""
    with workplace(lake, site(2), quiet()) as work:
        client = work.pools.client("qm")
        assert client is not None
        client.run(get_ready, work.lake.url)
        get_ready(work.lake.url)
        return {f"{count:,} labels, {place}": labelled(server, work, count) for count in counts}


def labelled(server: PrefectServer, work: Workplace, count: int) -> Figures:
    """Figures of so many labels."""

    @flow(name="labels", persist_result=False)
    def in_flow() -> Any:
        return label.submit(work, "of a millisecond", names, LEVEL, 0.0).result()

    names, structures = clusters(work.lake, count)
    before, size = server.rows(), server.size
    with watched(server) as answers:
        ours = Spent(work).on(in_flow)
    grown = {name: rows - before[name] for name, rows in server.rows().items()}
    client: Any = work.pools.client("qm")
    plain = Spent(work).on(lambda: client.gather(client.map(compute, structures, pure=False)))
    keys = [key for key, _ in ours.result]
    assert work.lake.missing("label", keys) == []
    few, _ = clusters(work.lake, LOOP, seed=count)
    looped = Spent(work).on(lambda: loop(work.lake, few))
    commit = Spent(work).on(lambda: work.lake.commit(f"bench/{count}", {"label": keys}))
    again = Spent(work).on(in_flow)
    each = 1e3 / count
    return {
        "a label itself, ms": 1e3 * np.median([told.seconds for told in plain.result]),
        "flow over plain Dask": ours.clock / plain.clock,
        "flow over plain Dask, processor": ours.processor / plain.processor,
        "through the flow, s": ours.clock,
        "plain Dask, s": plain.clock,
        "through the flow, ms a label": each * ours.clock,
        "plain Dask, ms a label": each * plain.clock,
        "overhead, ms a label": each * (ours.clock - plain.clock),
        "overhead, processor, ms a label": each * (ours.processor - plain.processor),
        "of that in the flow": each * (ours.processor_here - plain.processor_here),
        "a loop of one process, ms a label": 1e3 * looped.clock / LOOP,
        "the same, processor, ms a label": 1e3 * looped.processor_here / LOOP,
        "again, all in the lake, ms a label": each * again.clock,
        "snapshot of the labels, ms a label": each * commit.clock,
        "health of the server, median, ms": 1e3 * np.median(answers),
        "health of the server, slowest, ms": 1e3 * max(answers),
        "its database grew by, kB": (server.size - size) / 1e3,
        **{f"rows added to {name}": float(rows) for name, rows in grown.items()},
        "'database is locked' in its log": float(server.log.count("database is locked")),
        "database sound": float(server.check() == "ok"),
    }


def loop(lake: Lake, names: list[str]) -> None:
    """Label clusters one by one, and keep the labels."""
    for name in names:
        label_one(lake, "", "", "cluster", name, LEVEL, Execution())


class Spent:
    """What some work took: by the clock, and of processors here and in the workers, seconds."""

    def __init__(self, work: Workplace) -> None:
        self._client: Any = work.pools.client("qm")

    def on(self, work: Callable[[], Any]) -> Spent:
        before, here = self._workers(), time.process_time()
        began = time.perf_counter()
        self.result = work()
        self.clock = time.perf_counter() - began
        self.processor_here = time.process_time() - here
        self.processor = self.processor_here + self._workers() - before
        return self

    def _workers(self) -> float:
        return float(sum(self._client.run(time.process_time).values()))


@contextmanager
def watched(server: PrefectServer) -> Iterator[list[float]]:
    """Seconds that the server takes to say that it is well, asked every tenth of a second."""
    answers, over = [server.health()], threading.Event()

    def ask() -> None:
        while not over.wait(0.1):
            answers.append(server.health())

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        over.set()
        thread.join()


if __name__ == "__main__":
    main()
