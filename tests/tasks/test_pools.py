import os
import signal

import pytest
from pydantic import ValidationError

from tasks.pools import ENVIRONMENT, Pool, Pools, Site
from tasks.progress import reporter

ONE = Pool(workers=1)


def test_no_workers_means_no_client():
    with Pools(Site(md=Pool(workers=0)), lambda row, fraction: None) as pools:
        assert pools.client("md") is None


@pytest.mark.parametrize("workers", [-1, 5000, "many"])
def test_impossible_pools_are_refused(workers):
    with pytest.raises(ValidationError):
        Pool(workers=workers)


def about_itself():
    wanted = {name: os.environ.get(name) for name in ENVIRONMENT}
    return wanted, signal.getsignal(signal.SIGINT) == signal.SIG_IGN


def tell():
    reporter("row", interval=0.0)(0.5)


def test_a_pool_of_real_workers():
    heard = []
    with Pools(
        Site(md=ONE, qm=ONE, train=ONE, cpu=ONE),
        lambda row, fraction: heard.append((row, fraction)),
    ) as pools:
        client = pools.client("qm")
        assert pools.client("md") is client  # equal pools share their workers
        environment, deaf = client.submit(about_itself).result()
        assert environment == ENVIRONMENT
        assert deaf
        client.submit(tell).result()
        for _ in range(100):
            if heard:
                break
            client.submit(os.getpid, pure=False).result()
        assert heard == [("row", 0.5)]
        worker = client.submit(os.getpid, pure=False).result()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
