"""Everything that a campaign will need of a site, tried before it is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Literal, get_args
from uuid import uuid4

from storage import Lake
from tasks import probes, trial_lake
from tasks.batch import answers
from tasks.errands import Errands
from tasks.errors import LostWorkers, NoJobs
from tasks.pools import Pool, PoolName, Pools, Site

Verdict = Literal["ok", "failed", "skipped"]

HERE = "here"
"""The machine and the process of the flow."""


@dataclass(frozen=True)
class Finding:
    """What one check came to."""

    where: str
    what: str
    verdict: Verdict
    said: str


class SiteCheck:
    """Checks of one site, which go on after a failure.

    Parameters
    ----------
    patience
        Seconds to wait for a job to start.
    tell
        Called with every finding.
    waiting
        What to show while jobs of the pools with that name are waited for.
    """

    def __init__(
        self,
        site: Site,
        lake: str | None,
        patience: float,
        tell: Callable[[Finding], None],
        waiting: Callable[[str], AbstractContextManager[object]],
    ) -> None:
        self._site, self._url, self._patience = site, lake, patience
        self._tell, self._waiting = tell, waiting
        self._lake: Lake | None = None
        self._packages = [*probes.PACKAGES, *filter(find_spec, probes.ENGINES)]

    def run(self) -> None:
        """Check this machine, and then every pool; equal ones once."""
        groups: dict[Pool, list[PoolName]] = defaultdict(list)
        for name in get_args(PoolName):
            groups[getattr(self._site, name)].append(name)
        kinds = sorted({pool.kind for pool in groups} - {"local"})
        for kind in kinds:
            self._attempt(HERE, kind, partial(answers, kind))
        if self._site.qm.kind != "local":
            self._attempt(HERE, "GPAW", probes.installed)
        with ExitStack() as stack:
            self._open_lake(stack)
            pools = stack.enter_context(Pools(self._site, lambda row, fraction: None))
            errands = {p: Errands(pools, names[0], self._patience) for p, names in groups.items()}
            for pool, errand in errands.items():
                if pool.kind != "local":
                    with suppress(NoJobs, LostWorkers):  # told when it is this pool's turn
                        errand.call(min(2, pool.workers))
            for pool, names in groups.items():
                self._check(pool, names, errands[pool])

    def _open_lake(self, stack: ExitStack) -> None:
        if self._url is None:
            self._say(HERE, "lake", "skipped", "none was named, here or by `lake` in the file")
            return

        def enter() -> str:
            self._lake = stack.enter_context(trial_lake.trial_lake(str(self._url)))
            return f"{self._url} takes and gives back records and snapshots"

        self._attempt(HERE, "lake", enter)

    def _check(self, pool: Pool, names: list[PoolName], errands: Errands) -> None:
        where = ", ".join(names)
        if pool.workers == 0:
            self._say(where, "workers", "ok", "none: work runs in the flow itself")
        elif not self._comes(where, pool, errands):
            self._say(where, "all else", "skipped", "nobody is there to try it")
            return
        self._attempt(where, "environment", lambda: self._environment(errands))
        if pool.gpus:
            self._attempt(where, "GPU", lambda: errands.send(probes.gpu, pool.gpus))
        if pool.kind != "local":
            self._attempt(where, "logs", lambda: self._logs(errands))
        if (lake := self._lake) is None:
            self._say(where, "lake", "skipped", "there is none to try")
        elif pool.workers:
            self._attempt(where, "lake", lambda: self._visit(lake, where, errands))
            self._attempt(where, "lake, raced", lambda: self._race(lake, where, errands))
        if "qm" in names:
            labels = self._site.labels
            self._attempt(where, "scratch", lambda: errands.send(probes.scratch, labels.scratch))
            self._attempt(where, "GPAW", lambda: errands.send(probes.gpaw, labels))

    def _comes(self, where: str, pool: Pool, errands: Errands) -> bool:
        what = "workers" if pool.kind == "local" else "job starts"
        with self._waiting(where):
            return self._attempt(where, what, lambda: errands.send(probes.arrive))

    def _environment(self, errands: Errands) -> str:
        there = errands.send(probes.environment, self._packages)
        return probes.compare(there, probes.environment(self._packages))

    def _logs(self, errands: Errands) -> str:
        folder = self._site.logs.absolute()
        note = folder / f".site-check-{uuid4().hex}"
        answer = note.with_name(f"{note.name}.answer")
        try:
            note.write_text(note.name)
            errands.send(probes.logs, folder, note.name)
            if not answer.exists():
                raise probes.Amiss(
                    f"what a job writes to {folder} does not show here: set `logs` to a folder "
                    "that all nodes see"
                )
        finally:
            note.unlink(missing_ok=True)
            answer.unlink(missing_ok=True)
        return f"{folder} is seen by both"

    def _visit(self, lake: Lake, where: str, errands: Errands) -> str:
        errands.send(trial_lake.visit, lake.url, where)
        lake.get(trial_lake.KIND, trial_lake.key(where))
        return "reads what the flow wrote, and the flow what it wrote"

    def _race(self, lake: Lake, where: str, errands: Errands) -> str:
        names = [f"{where} {number}" for number in range(trial_lake.ROUNDS)]
        return trial_lake.judge(errands.send_all(trial_lake.race, lake.url, names))

    def _attempt(self, where: str, what: str, probe: Callable[[], str]) -> bool:
        try:
            said = probe()
        except probes.Absent as error:
            self._say(where, what, "skipped", str(error))
        except (probes.Amiss, NoJobs, LostWorkers) as error:
            self._say(where, what, "failed", str(error))
        except TimeoutError:
            self._say(
                where,
                what,
                "failed",
                f"nothing within {self._patience / 60:g} minutes: look why it waits (with Slurm: "
                "squeue --me); ask for less time, memory or another queue, or raise --patience",
            )
        except Exception as error:  # whatever the place is up to, the other checks go on
            self._say(where, what, "failed", f"{type(error).__name__}: {error}")
        else:
            self._say(where, what, "ok", said)
            return True
        return False

    def _say(self, where: str, what: str, verdict: Verdict, said: str) -> None:
        self._tell(Finding(where, what, verdict, said))
