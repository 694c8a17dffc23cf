import logging
import os
import signal

import pytest

from tasks.errors import LostWorkers
from tasks.pools import ENVIRONMENT, Pool, Pools, Site, cores
from tasks.progress import reporter

ONE = Pool(workers=1, cores=2)


def test_no_workers_means_no_client():
    with Pools(Site(md=Pool(workers=0)), lambda row, fraction: None) as pools:
        assert pools.client("md") is None


def about_itself():
    wanted = {name: os.environ.get(name) for name in ENVIRONMENT}
    return wanted, cores(), signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def tell():
    reporter("row", interval=0.0)(0.5)


def warn():
    logging.getLogger("nearsight.lake").warning("the store is away")


@pytest.fixture
def warnings():
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())
    logging.getLogger("nearsight").addHandler(handler)
    yield said
    logging.getLogger("nearsight").removeHandler(handler)


def test_a_pool_of_real_workers(warnings):
    heard = []
    with Pools(
        Site(md=ONE, qm=ONE, train=ONE, cpu=ONE),
        lambda row, fraction: heard.append((row, fraction)),
    ) as pools:
        client = pools.client("qm")
        assert pools.client("md") is client  # equal pools share their workers
        environment, processes, deaf = client.submit(about_itself).result()
        assert environment == ENVIRONMENT
        assert processes == 2
        assert deaf
        client.submit(tell).result()
        client.submit(warn).result()
        assert cores() == 1  # of the flow itself
        for _ in range(100):
            if heard and warnings:
                break
            client.submit(os.getpid, pure=False).result()
        assert heard == [("row", 0.5)]
        assert warnings == ["the store is away"]
        worker = client.submit(os.getpid, pure=False).result()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_workers_that_die_as_they_start_are_lost_workers(monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with (
        Pools(Site(md=ONE), lambda row, fraction: None) as pools,
        pytest.raises(LostWorkers, match="died as they started"),
    ):
        pools.client("md")
