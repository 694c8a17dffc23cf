"""Progress of pieces of work, told from any worker and shown where the flow runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from distributed import get_worker
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

TOPIC = "nearsight-progress"

_boards: list[Board] = []


def reporter(row: str, interval: float = 0.5) -> Callable[[float], None]:
    """A callback for the science: tells the board the fraction done of the piece `row`."""
    last = 0.0

    def tell(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if fraction < 1.0 and now - last < interval:
            return
        last = now
        try:
            worker = get_worker()
        except ValueError:
            for board in _boards:
                board.update(row, fraction)
        else:
            worker.log_event(TOPIC, {"row": row, "fraction": fraction})

    return tell


class Board:
    """One bar for each stage of a cycle; without a terminal, one line when a stage ends."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[pieces]}"),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._fractions: dict[Any, dict[str, float]] = {}
        self._stage_of: dict[str, Any] = {}
        self._started: dict[Any, float] = {}

    def __enter__(self) -> Self:
        _boards.append(self)
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _boards.remove(self)
        self._progress.stop()

    def start(self, stage: str, rows: list[str], cached: int) -> Any:
        """Open a bar for `rows`, of which `cached` were found finished in the lake."""
        total = len(rows) + cached
        pieces = f"{total} piece{'s' if total != 1 else ''}"
        if cached:
            pieces += f", {cached} from the lake"
        bar = self._progress.add_task(stage, total=total, completed=cached, pieces=pieces)
        self._fractions[bar] = dict.fromkeys(rows, 0.0) | ({"": float(cached)} if cached else {})
        self._stage_of.update(dict.fromkeys(rows, bar))
        self._started[bar] = time.monotonic()
        if not self.console.is_terminal and rows:
            self.console.print(f"{stage}: {pieces} ...", highlight=False)
        return bar

    def update(self, row: str, fraction: float) -> None:
        """Move the bar that holds `row`."""
        bar = self._stage_of.get(row)
        if bar is not None:
            rows = self._fractions[bar]
            rows[row] = max(rows[row], min(fraction, 1.0))
            self._progress.update(bar, completed=sum(rows.values()))

    def finish(self, bar: Any, stage: str) -> None:
        """Fill the bar."""
        total = self._progress.tasks[self._progress.task_ids.index(bar)].total
        self._progress.update(bar, completed=total)
        if not self.console.is_terminal and set(self._fractions[bar]) - {""}:
            seconds = time.monotonic() - self._started[bar]
            self.console.print(f"{stage}: done in {seconds:.0f} s", highlight=False)
