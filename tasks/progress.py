"""Progress of pieces of work, told from any worker and shown where the flow runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

TOPIC = "nearsight-progress"

_boards: list[Board] = []


def reporter(row: str, interval: float = 0.5) -> Callable[[float], None]:
    """A callback for the science: tells the board the fraction done of the piece `row`."""
    from distributed import get_worker

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


@dataclass
class Tally:
    """How far some pieces of work are, some of them found finished in the lake.

    Attributes
    ----------
    changed
        Whether something was done since someone last set this to False.
    """

    cached: int = 0
    fractions: dict[str, float] = field(default_factory=dict)
    changed: bool = False
    _sum: float = field(init=False)

    def __post_init__(self) -> None:
        self._sum = sum(self.fractions.values())

    @property
    def total(self) -> int:
        return self.cached + len(self.fractions)

    @property
    def done(self) -> float:
        """Pieces, the parts of those at work as well."""
        return self.cached + self._sum

    @property
    def finished(self) -> int:
        """Pieces of which nothing is left to do."""
        return self.cached + sum(fraction >= 1.0 for fraction in list(self.fractions.values()))

    def add(self, rows: Collection[str], found: set[str]) -> None:
        """Count pieces that are to be done, and others that were found finished."""
        self.cached += len(found - self.fractions.keys())  # what is tried again was not found
        self._sum -= sum(self.fractions.get(row, 0.0) for row in rows)
        self.fractions |= dict.fromkeys(rows, 0.0)
        self.changed |= bool(rows)

    def update(self, row: str, fraction: float) -> None:
        """Move a piece on."""
        before = self.fractions[row]
        self.fractions[row] = max(before, min(fraction, 1.0))
        self._sum += self.fractions[row] - before
        self.changed = True


@dataclass(kw_only=True)
class _Bar(Tally):
    shown: TaskID
    began: float
    batches: int = 0
    also: Tally | None

    @property
    def pieces(self) -> str:
        pieces = f"{self.total} piece{'s' if self.total != 1 else ''}"
        found = "all" if self.cached == self.total else self.cached
        return f"{pieces}, {found} from the lake" if self.cached else pieces


class Board:
    """A bar for each stage at work, and a line for each stage that is done."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<22}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[pieces]}"),
            console=self.console,
            refresh_per_second=4,
            disable=not self.console.is_terminal,
        )
        self._bars: dict[str, _Bar] = {}
        self._stage_of: dict[str, str] = {}
        self._seen = self._computed = 0
        self._lock = threading.Lock()

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
        if self._seen and not self._computed and error is None:
            self.console.print("Everything was in the lake: nothing was computed.")

    def start(self, stage: str, rows: list[str], cached: int, also: Tally | None = None) -> None:
        """Show `rows` in the bar of a stage; `cached` more were found finished in the lake.

        Batches of the same stage that are at work at the same time share one bar. As that moves
        on, so does the tally `also`.
        """
        with self._lock:
            if stage not in self._bars:
                shown = self._progress.add_task(stage, pieces="")
                self._bars[stage] = _Bar(shown=shown, began=time.monotonic(), also=also)
                if rows and not self.console.is_terminal:
                    self.console.print(f"{stage} ...", highlight=False)
            bar = self._bars[stage]
            bar.batches += 1
            self._seen += cached + len(rows)
            self._computed += len(rows)
            bar.cached += cached
            bar.fractions |= dict.fromkeys(rows, 0.0)
            self._stage_of.update(dict.fromkeys(rows, stage))
            self._draw(bar)

    def update(self, row: str, fraction: float) -> None:
        """Move the bar that holds `row`."""
        with self._lock:
            bar = self._bars.get(self._stage_of.get(row, ""))
            if bar is not None:
                for tally in filter(None, (bar, bar.also)):
                    tally.update(row, fraction)
                self._draw(bar)

    def finish(self, stage: str) -> None:
        """End one batch of a stage; with the last one, a line takes the bar's place."""
        with self._lock:
            bar = self._bars[stage]
            bar.batches -= 1
            if bar.batches > 0:
                return
            del self._bars[stage]
            self._progress.remove_task(bar.shown)
            seconds = f"{time.monotonic() - bar.began:7.1f} s" if bar.fractions else " " * 9
            self.console.print(f"{stage:<22} {seconds}  {bar.pieces}", highlight=False)

    def _draw(self, bar: _Bar) -> None:
        self._progress.update(
            bar.shown,
            total=bar.total,
            completed=bar.done,
            pieces=bar.pieces,
        )
