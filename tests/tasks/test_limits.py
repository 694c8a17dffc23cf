"""Places that a Prefect server counts: kept while it answers, and never in the way."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from link import Link
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks.limits import place_in
from tasks.sites import SITE_NAME


@pytest.fixture
def limit(prefect, monkeypatch, request):
    """One place for batches of labels at a site of this test; how many are held."""
    site = request.node.name.replace("_", "-")
    monkeypatch.setenv(SITE_NAME, site)
    with get_client(sync_client=True) as client:
        client.create_global_concurrency_limit(
            GlobalConcurrencyLimitCreate(name=f"qm-{site}", limit=1)
        )
        yield lambda: client.read_global_concurrency_limit_by_name(f"qm-{site}").active_slots


def test_one_waits_for_the_other(limit):
    inside, together = [], threading.Lock()

    def work(_):
        with place_in("qm"):
            assert together.acquire(blocking=False)
            inside.append(limit())
            time.sleep(0.3)
            together.release()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(work, range(2)))
    assert inside == [1, 1]
    assert limit() == 0


def test_other_pools_have_no_limit(limit):
    with place_in("md"):
        assert limit() == 0


def test_a_server_that_is_away_is_not_in_the_way(limit, prefect, caplog):
    link = Link(urlsplit(prefect).port)

    @flow
    def work():
        with place_in("qm"):
            assert limit() == 1
            link.cut()
        began = time.monotonic()
        with place_in("qm"):
            pass
        link.mend()  # the flow itself tells how it ended
        return time.monotonic() - began

    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{link.port}/api"}):
        assert work() < 20.0
    assert caplog.text.count("was not kept, for the server does not answer") == 2


def test_what_goes_wrong_inside_is_told(limit):
    with pytest.raises(ZeroDivisionError), place_in("qm"):
        raise ZeroDivisionError
    assert limit() == 0
