"""What `nearsight up` starts: a Prefect server, a worker for this site, an S3 store on request."""

from __future__ import annotations

import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from flows.daemons import Daemon
from flows.here import SITE_FILE
from flows.pages import SERVED
from flows.parameters import read_parameters
from flows.server import PATIENCE, answers, reach
from tasks.sites import SITE_NAME, Site

PORT = 4200
STORE_PORT = 18333
STORE_SCRIPT = Path(__file__).parents[1] / "deployments" / "services" / "s3.sh"

SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",  # dies of a blip
    "PREFECT_CLIENT_MAX_RETRIES": "8",  # some minutes
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    "PYTHONWARNINGS": "ignore",
    "PYTHONSAFEPATH": "1",  # or programs of Prefect find its `storage` in place of ours
}
"""Of the server, the worker and its flows."""


class NotUp(RuntimeError):
    """A service could not be started; the message says why, and what to do."""


@dataclass(frozen=True)
class Wanted:
    """What is to be up; None leaves it as it was, or as it is by default.

    Attributes
    ----------
    folder
        Where flows run: relative paths in their parameters start there. The current one.
    site
        Name of this site, of its work pool and its deployments; or its file, whose name that then
        is. "here", with processes of this machine.
    port
        Of the server, on loopback. 4200, or any that is free.
    join
        Address of the API of a server that is there already, instead of one of its own.
    stands_in_for
        Another site at that server, whose crashed runs start here once more.
    store
        Whether an S3 store is wanted.
    """

    folder: Path | None = None
    site: str | None = None
    port: int | None = None
    join: str | None = None
    stands_in_for: str | None = None
    store: bool = False


def default_home() -> Path:
    """Where the notes, logs, database and store of a user's services lie."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "nearsight"


def daemons(home: Path) -> tuple[Daemon, Daemon, Daemon]:
    """Store, server and worker, in the order of their start."""
    place = home.absolute()
    return Daemon("store", place), Daemon("server", place), Daemon("worker", place)


@contextmanager
def turn(home: Path) -> Iterator[None]:
    """Keep other commands from starting or ending the same services meanwhile."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(home / "lock", timeout=0):
            yield
    except Timeout:
        raise NotUp(f"another command is just starting or ending the services in {home}") from None


def up(home: Path, wanted: Wanted, say: Callable[[str], None]) -> list[str]:
    """Start what is wanted and does not run yet; the names of what was started.

    `say` is told what had ended unbidden.

    Raises
    ------
    NotUp
        If something does not start, or something else is up already.
    NoServer
        If the server that is to be joined does not answer, or takes no deployments.
    ElsewhereError
        If it is up on another machine that shares the folder.
    """
    store, server, worker = daemons(home)
    environment = {**os.environ, **SETTINGS, "PREFECT_HOME": str(home.absolute() / "prefect")}
    with turn(home):
        before = {daemon: daemon.notes().get("pid") for daemon in (store, server, worker)}
        for daemon in before:
            if daemon.notes() and not daemon.runs():
                say(f"The {daemon.name} had ended: {daemon.last_words() or 'it said nothing'}")
        name, file = _site(wanted.site)
        site = _agreed(worker, "site", name) or "here"
        file = _agreed(worker, "file", file)
        given = None if wanted.folder is None else str(wanted.folder.absolute())
        folder = _agreed(worker, "folder", given) or str(Path.cwd())
        other = _agreed(worker, "stands_in_for", wanted.stands_in_for)
        join = _agreed(worker, "join", wanted.join)
        found = _start_store(store, environment) if wanted.store or store.notes() else {}
        environment |= found
        if not (join or "PREFECT_SERVER_API_AUTH_STRING" in environment):  # a link has no password
            pages = home.absolute() / "pages"
            pages.mkdir(exist_ok=True)
            environment[SERVED] = str(pages)
        lasted = bool(join) or server.runs()
        api = join or _start_server(server, wanted.port, environment)
        environment["PREFECT_API_URL"] = api
        notes = {"site": site, "folder": folder, "stands_in_for": other, "join": join}
        notes |= {"file": file, "api": api, "store": found.get("AWS_ENDPOINT_URL")}
        known = worker.notes().items() >= {**notes, "deployed": True}.items()
        if worker.runs() and not known:  # the server or the store has moved, or `up` was killed
            worker.stop()
        if not worker.runs():
            _start_worker(worker, environment, notes, anew=not (lasted and known))
        return [daemon.name for daemon, pid in before.items() if daemon.notes().get("pid") != pid]


def down(home: Path) -> list[str]:
    """End what is up, flows in progress as well; the names of what was ended."""
    if not home.is_dir():
        return []
    with turn(home):
        return [daemon.name for daemon in reversed(daemons(home)) if daemon.stop()]


def _site(told: str | None) -> tuple[str | None, str | None]:
    """Name and file of a site; its file is read, for mistakes in it to be told at once."""
    file = None
    if told is not None and told.endswith((".yaml", ".yml")):
        read_parameters(path := Path(told).absolute(), Site)
        told, file = path.stem, str(path)
    if told is not None and not re.fullmatch("[a-z0-9][a-z0-9-]*", told):
        raise NotUp(f"{told!r} is no name for a site: small letters, digits and hyphens make one")
    return told, file


def _agreed(daemon: Daemon, what: str, given: str | None) -> str | None:
    """What was asked for, or else what was noted; refused where it runs with something else."""
    noted: str | None = daemon.notes().get(what)
    if given is not None and given != noted and daemon.runs():
        raise NotUp(
            f"the {daemon.name} is up already, with {what.replace('_', ' ')} {noted}, not {given}: "
            "`nearsight down` ends it"
        )
    return noted if given is None else given


def _start_server(server: Daemon, port: int | None, environment: dict[str, str]) -> str:
    wanted = _agreed(server, "port", None if port is None else str(port))
    if not server.runs():
        chosen = _port(wanted or str(PORT), told=port is not None)
        address = f"http://127.0.0.1:{chosen}"
        running = server.start(
            [
                *(sys.executable, "-m", "uvicorn", "flows.served:app", "--factory"),
                *("--host", "127.0.0.1", "--port", str(chosen)),
                *("--log-level", "warning", "--lifespan", "on"),
            ],
            {
                **environment,
                "PREFECT__SERVER_FINAL": "1",
                "PREFECT_API_URL": f"{address}/api",
                "PREFECT_UI_API_URL": f"{address}/api",
                # Pages of other sites in the same browser have no business here.
                "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": address,
            },
            port=str(chosen),
        )
        _wait(server, running, lambda: answers(chosen))
    return f"http://127.0.0.1:{server.notes()['port']}/api"


def _start_worker(
    worker: Daemon, environment: dict[str, str], notes: dict[str, str | None], anew: bool
) -> None:
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.registry import deploy, make_pool

    site, folder, api = str(notes["site"]), Path(str(notes["folder"])), str(notes["api"])
    with temporary_settings({PREFECT_API_URL: api}), get_client(sync_client=True) as client:

        def heartbeats() -> list[object]:
            return [w.last_heartbeat_time for w in client.read_workers_for_work_pool(site)]

        reach(api)
        make_pool(site, folder)
        before = heartbeats()
        start = ["prefect", "worker", "start", "--type", "process", "--pool", site, "--name", site]
        running = worker.start(
            [sys.executable, "-m", *start],
            {**environment, SITE_NAME: site, SITE_FILE: notes["file"] or ""},
            **notes,
        )
        try:
            if anew:  # while the worker starts
                deploy(site, notes["stands_in_for"], environment)
        except BaseException:
            worker.stop()
            raise
        _wait(worker, running, lambda: heartbeats() != before)
        worker.note(deployed=True)


def _start_store(store: Daemon, environment: dict[str, str]) -> dict[str, str]:
    """Start the store; the variables that say where it is and what opens it."""
    keys = store.folder / "s3.env"
    if not keys.exists():
        keys.touch(mode=0o600)
        keys.write_text(
            "export AWS_ACCESS_KEY_ID=nearsight AWS_REGION=us-east-1\n"
            f"export AWS_SECRET_ACCESS_KEY={secrets.token_urlsafe(24)}\n"
        )
    found = dict(pair.split("=", 1) for pair in keys.read_text().split() if "=" in pair)
    if not store.runs():
        port = _port(store.notes().get("port") or str(STORE_PORT), ports=5)
        found["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        keys.write_text("".join(f"export {name}={value}\n" for name, value in found.items()))
        running = store.start(
            ["sh", str(STORE_SCRIPT), str(store.folder / "s3"), str(port)],
            {**environment, **found},
            port=str(port),
        )
        _wait(store, running, lambda: answers(port, "/", below=500))
    return found


def _wait(daemon: Daemon, running: Callable[[], bool], ready: Callable[[], bool]) -> None:
    late = time.monotonic() + PATIENCE
    while not ready():
        if not running() or time.monotonic() > late:
            daemon.stop()
            reason = daemon.last_words() or "it does not answer"
            raise NotUp(f"the {daemon.name} did not start: {reason} (all it said: {daemon.log})")
        time.sleep(0.2)


def _port(first: str, told: bool = False, ports: int = 1) -> int:
    """`first` if it is free with those that follow it, and else another, unless it was told."""
    if _free(int(first), ports):
        return int(first)
    if told:
        raise NotUp(f"port {first} is taken by another program: name another with --port")
    while True:
        other = secrets.choice(range(20_000, 32_000))
        if _free(other, ports):
            return other


def _free(port: int, ports: int) -> bool:
    wide = range(port, port + ports)
    return all(map(_can_bind, [*wide, *(p + 10_000 for p in wide)] if ports > 1 else wide))


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
