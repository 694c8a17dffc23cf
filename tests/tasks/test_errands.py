import os
import time

import pytest

from tasks.errands import Errands
from tasks.errors import LostWorkers
from tasks.pools import Pool, Pools, Site


@pytest.fixture(scope="module")
def pools():
    site = Site(md=Pool(workers=2), cpu=Pool(workers=0))
    with Pools(site, lambda row, fraction: None) as pools:
        yield pools


def fail():
    raise ValueError("as told")


def test_a_worker_goes_and_comes_back(pools):
    errands = Errands(pools, "md", 60.0)
    errands.call(2)
    assert errands.send(os.getpid) != os.getpid()
    assert errands.send(pow, 2, 3) == 8
    with pytest.raises(ValueError, match="as told"):
        errands.send(fail)


def test_without_workers_the_flow_goes_itself(pools):
    errands = Errands(pools, "cpu", 60.0)
    errands.call(2)
    assert errands.send(os.getpid) == os.getpid()
    assert errands.send_all(os.getpid) == [os.getpid()]


def test_who_does_not_come_back_in_time_is_not_waited_for(pools):
    with pytest.raises(TimeoutError):
        Errands(pools, "md", 0.2).send(time.sleep, 3.0)


def test_all_start_at_once(pools):
    errands = Errands(pools, "md", 60.0)
    assert len(set(errands.send_all(os.getpid))) == 3
    began = errands.send_all(time.time)
    assert max(began) - min(began) < 2.0


def test_an_errand_that_workers_die_of_ends(pools):
    with pytest.raises(LostWorkers, match="died of it"):
        Errands(pools, "md", 120.0).send(os._exit, 1)
