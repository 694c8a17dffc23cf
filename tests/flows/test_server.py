import os
import signal
import subprocess
import sys
import time
import urllib.request

import pytest

from flows.server import NoServer, prefect_server

STAY = """
import time
from flows.server import prefect_server
with prefect_server() as ready:
    ready()
    from prefect.settings import PREFECT_API_URL
    print(PREFECT_API_URL.value(), flush=True)
    time.sleep(600)
"""


def test_the_server_ends_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", STAY], stdout=subprocess.PIPE, text=True)
    api = parent.stdout.readline().strip()
    assert urllib.request.urlopen(f"{api}/health").status == 200
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    late = time.monotonic() + 60
    while time.monotonic() < late:
        try:
            urllib.request.urlopen(f"{api}/health", timeout=1)
        except OSError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("the server lives on")


def test_a_server_that_is_named_is_used(prefect):
    from prefect.settings import PREFECT_API_URL

    with prefect_server() as ready:
        ready()
        assert PREFECT_API_URL.value() == prefect


def test_a_server_that_is_named_but_does_not_answer_is_told():
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}),
        prefect_server() as ready,
        pytest.raises(
            NoServer, match=r"no answer from the Prefect server at http://127\.0\.0\.1:9"
        ),
    ):
        ready()


def test_a_server_that_cannot_start_says_why(monkeypatch):
    from prefect.settings import PREFECT_API_URL, temporary_settings

    monkeypatch.setenv("PREFECT_API_DATABASE_CONNECTION_URL", "nonsense://")
    with (
        temporary_settings(restore_defaults={PREFECT_API_URL}),
        prefect_server() as ready,
        pytest.raises(NoServer, match=r"the Prefect server did not start: .+"),
    ):
        ready()
