"""What a flow run shows in the Prefect UI while it is at work: progress, tables, pictures."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Collection
from contextvars import copy_context
from types import TracebackType
from typing import Self
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectHTTPStatusError

from tasks.progress import Tally

INTERVAL = 3.0
"""Seconds between two looks at what is new."""
LAST_WORDS = 10.0
"""Seconds that a run waits at its end for a server that is slow to take what is left."""

COUNTED = {
    "walk": "walks",
    "response": "walks",
    "relaxation": "relaxations",
    "label": "labels",
    "attempt": "labels",
    "model": "epochs",
}
"""What the progress of a flow is counted in, by the kind of record that comes of the work."""

_log = logging.getLogger("prefect.flow_runs")


class Story:
    """Artifacts of the flow run, posted from a thread of its own.

    However slow the server is, or if it is away, no work waits for it: what could not be posted is
    posted when the server is back. Outside of a flow nothing is shown.
    """

    def __init__(self) -> None:
        flow = FlowRunContext.get()
        self._run = None if flow is None else flow.flow_run
        self._began = time.monotonic()
        self._told: dict[str, float] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._pending: dict[str, ArtifactCreate] = {}
        self._posted: dict[str, UUID] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        context = copy_context()  # of Prefect's settings, which name the server
        self._thread = threading.Thread(target=context.run, args=(self._post,), daemon=True)

    def __enter__(self) -> Self:
        if self._run is not None:
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        if self._run is not None:
            self._thread.join(LAST_WORDS)

    def count(self, title: str, kind: str, rows: Collection[str], found: set[str]) -> Tally | None:
        """Count work that leaves records of a kind; its tally, if such work is shown."""
        counted = COUNTED.get(kind)
        if counted is None:
            return None
        with self._lock:
            tally = self._tallies.setdefault((title, counted), Tally())
            tally.add(rows, found)
        return tally

    def found(self, title: str, counted: str) -> int:
        """How many pieces of work were found finished in the lake."""
        return self._tallies.get((title, counted), Tally()).cached

    def tell(self, name: str, artifact: ArtifactCreate) -> None:
        """Show an artifact, in place of the one that this run showed by the same name."""
        self._told[name] = time.monotonic()
        if self._run is not None:
            artifact.flow_run_id = self._run.id
            with self._lock:
                self._pending[name] = artifact

    def since(self, name: str) -> float:
        """Seconds since an artifact was told, or since the run began."""
        return time.monotonic() - self._told.get(name, self._began)

    def _post(self) -> None:
        options = {"timeout": 60.0}  # or it would be the client that the flow itself works with
        with get_client(httpx_settings=options, sync_client=True) as client:
            while not self._over.wait(INTERVAL):
                self._catch_up(client)
            self._catch_up(client)

    def _catch_up(self, client: SyncPrefectClient) -> None:
        self._count()
        for name, artifact in list(self._pending.items()):
            try:
                self._show(client, name, artifact)
            except PrefectHTTPStatusError as error:
                known = self._posted.pop(name, None) is not None
                if known or error.response.status_code >= 500:
                    continue  # it has lost its database, or cannot write to it now
                _log.warning("the server refuses the artifact %s: %s", name, error)
            except Exception:  # it is away
                return
            with self._lock:
                if self._pending[name] is artifact:
                    del self._pending[name]

    def _count(self) -> None:
        assert self._run is not None
        with self._lock:
            changed = [(names, tally) for names, tally in self._tallies.items() if tally.changed]
        for (title, counted), tally in changed:
            tally.changed = False
            self.tell(
                f"{title} {counted}",
                ArtifactCreate(
                    type="progress",
                    key=f"{slug(self._run.name)}-{counted}",
                    description=f"{title}: {how_far(tally, counted)}".removeprefix(": "),
                    data=100.0 * tally.done / tally.total,
                ),
            )

    def _show(self, client: SyncPrefectClient, name: str, artifact: ArtifactCreate) -> None:
        if name not in self._posted:
            self._posted[name] = client.create_artifact(artifact).id
            return
        client.request(  # the client's own `update_artifact` has the server keep all as an event
            "PATCH",
            "/artifacts/{id}",
            path_params={"id": self._posted[name]},
            json=artifact.model_dump(mode="json", include={"description", "data"}),
        )


def slug(name: str) -> str:
    """A name as the key of an artifact."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def how_far(tally: Tally, counted: str) -> str:
    """What the progress says beside its bar."""
    if counted == "epochs":
        models = f"{tally.total} model{'s' if tally.total > 1 else ''}"
        return f"{tally.done / tally.total:.0%} of the epochs of {models}"
    found = f", {tally.cached} of them found in the lake" if tally.cached else ""
    return f"{tally.finished} of {tally.total} {counted}{found}"
