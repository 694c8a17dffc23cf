import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import until

from flows import daemons
from flows.daemons import Daemon, ElsewhereError

SLEEP = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(600)"]
FAMILY = [
    sys.executable,
    "-c",
    "import os, signal, subprocess, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
    "child = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(600)",
]
SLOW = [
    sys.executable,
    "-c",
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1.0), os._exit(0)))\n"
    "print('awake', flush=True)\n"
    "time.sleep(600)",
]
LEADERLESS = [
    sys.executable,
    "-c",
    "import ctypes, threading, time\n"
    "threading.Thread(target=time.sleep, args=(600,)).start()\n"
    "ctypes.CDLL(None).pthread_exit(None)",
]


@pytest.fixture
def daemon(tmp_path):
    daemon = Daemon("sleeper", tmp_path)
    yield daemon
    daemon.stop(patience=1)


def said(daemon):
    return until(daemon.last_words, 60.0)


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def test_it_outlives_the_process_that_started_it(tmp_path):
    start = (
        "import os, sys\nfrom pathlib import Path\nfrom flows.daemons import Daemon\n"
        f"Daemon('sleeper', Path({str(tmp_path)!r})).start({SLEEP!r}, os.environ, port=1)"
    )
    subprocess.run([sys.executable, "-c", start], check=True)
    daemon = Daemon("sleeper", tmp_path)
    assert daemon.runs()
    assert daemon.notes()["port"] == 1
    assert said(daemon) == "awake"
    assert daemon.stop()
    assert not daemon.runs()
    assert daemon.notes() == {}
    assert not daemon.stop()


def test_it_listens_to_signals_that_its_parent_ignores(daemon):
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        running = daemon.start(SLEEP, os.environ)
    finally:
        signal.signal(signal.SIGINT, kept)
    said(daemon)
    os.kill(daemon.notes()["pid"], signal.SIGINT)
    until(lambda: not running(), 30.0)
    assert not daemon.runs()


def test_another_process_of_the_same_number_is_left_alone(daemon, tmp_path):
    with subprocess.Popen(["sleep", "600"]) as stranger:
        notes = {"pid": stranger.pid, "host": os.uname().nodename}
        (tmp_path / "sleeper.json").write_text(json.dumps(notes))
        assert not daemon.runs()
        assert not daemon.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_children_end_with_it_also_when_it_died_before_them(daemon):
    daemon.start(FAMILY, os.environ)
    child = int(said(daemon))
    os.kill(daemon.notes()["pid"], signal.SIGKILL)
    assert is_alive(child)
    assert daemon.stop()
    assert not is_alive(child)


def test_one_that_does_not_end_is_killed(daemon):
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True)"
    daemon.start([sys.executable, "-c", f"{deaf}; time.sleep(600)"], os.environ)
    said(daemon)
    pid = daemon.notes()["pid"]
    assert daemon.stop(patience=0.5)
    assert not is_alive(pid)


def test_one_that_has_lost_its_marks_is_waited_for_until_it_ends(daemon, monkeypatch):
    daemon.start(SLOW, os.environ)
    said(daemon)
    pid = daemon.notes()["pid"]
    with monkeypatch.context() as patch:
        patch.setattr(Daemon, "runs", lambda _: False)
        looks = iter([{pid: os.getpid()}])
        patch.setattr(daemons, "_marked", lambda _: next(looks, {}))
        assert daemon.stop()
    assert not is_alive(pid)


def test_a_process_is_there_until_its_last_thread_ends():
    with subprocess.Popen(LEADERLESS) as process:
        until(lambda: not is_alive(process.pid), 60.0)  # by the state of its first thread
        assert daemons._is_there(process.pid)
        process.kill()
    assert not daemons._is_there(process.pid)


def test_notes_of_another_machine_are_not_acted_on(daemon, tmp_path):
    (tmp_path / "sleeper.json").write_text(json.dumps({"pid": os.getpid(), "host": "login2"}))
    for act in (daemon.runs, daemon.stop):
        with pytest.raises(ElsewhereError, match=r"sleeper of .+ was started on login2"):
            act()
    (tmp_path / "sleeper.json").unlink()
