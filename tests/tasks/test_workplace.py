import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import dask
import labour
import pytest

from storage import Record, content_key
from tasks.errors import LostWorkers
from tasks.pools import Pool, Site
from tasks.workplace import Piece, done, verb, workplace


def leave(lake, key, log, pause=0.0):
    with Path(log).open("a") as file:
        file.write(f"begin {key}\n")
        time.sleep(pause)
        file.write(f"end {key}\n")
    lake.put(Record("batch", key, {"clusters": []}, {}))


def die(lake, key):
    os._exit(1)


def pieces(log, names="abc", pause=0.0):
    return [
        Piece("batch", content_key("batch", {"name": n}), leave, (str(log), pause)) for n in names
    ]


def test_only_what_the_lake_lacks_is_computed(work, log):
    assert work.finish("label", "qm", pieces(log, "ab")) is False
    assert work.finish("label", "qm", pieces(log, "abc")) is False
    assert work.finish("label", "qm", pieces(log, "cba")) is True
    assert log.read_text().count("end") == 3


def test_equal_pieces_are_computed_once(work, log):
    work.finish("label", "qm", pieces(log, "aaa"))
    assert log.read_text().count("end") == 1


def test_work_in_the_flow_itself_goes_one_by_one(work, log):
    threads = [
        threading.Thread(target=work.finish, args=("explore", "md", pieces(log, n, 0.05)))
        for n in "abcd"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    words = log.read_text().split()
    assert words[::2] == ["begin", "end"] * 4


def test_an_error_in_a_piece_is_raised_and_loses_nothing_else(work, log, capsys):
    broken = Piece("batch", content_key("batch", {"name": "x"}), leave, ("/no/such/folder/log",))
    with pytest.raises(FileNotFoundError):
        work.finish("label", "qm", [*pieces(log, "a"), broken])
    assert work.finish("label", "qm", pieces(log, "a")) is True
    assert capsys.readouterr().err.count(" piece") == 2  # both batches have ended


def test_workers_do_what_the_flow_would(tmp_path, log):
    one = Pool(workers=1)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        workplace(str(tmp_path / "lake"), Site(md=one, qm=one, train=one, cpu=one)) as work,
    ):
        assert work.finish("label", "qm", pieces(log)) is False
        assert work.finish("label", "qm", pieces(log)) is True
        assert log.read_text().count("end") == 3
        fatal = Piece("batch", content_key("batch", {"name": "x"}), die)
        with pytest.raises(LostWorkers, match="pool cpu died again and again"):
            work.finish("extract", "cpu", [fatal])
        assert work.finish("label", "qm", pieces(log, "d")) is False  # the pool lives on


def test_what_one_batch_gives_up_another_still_gets(tmp_path, log):
    two = Pool(workers=2)
    broken = Piece("batch", content_key("batch", {"name": "x"}), leave, ("/no/such/folder/log",))
    with (
        workplace(str(tmp_path / "lake"), Site(md=two, qm=two, train=two, cpu=two)) as work,
        ThreadPoolExecutor() as other,
    ):
        work.finish("label", "qm", pieces(log, "bcde", pause=1.0))  # all workers have started
        begun = tmp_path / "begun"
        shared = pieces(begun, "a", pause=4.0)
        waits = other.submit(work.finish, "compress", "md", shared)
        while not begun.exists():
            time.sleep(0.01)
        with pytest.raises(FileNotFoundError):
            work.finish("label", "qm", [*shared, broken])
        assert waits.result(timeout=60) is False
    assert begun.read_text().count("end") == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_two_runs_share_the_work(tmp_path, log, monkeypatch, workers):
    monkeypatch.setattr("tasks.claims.LOOK", 0.1)
    one = Pool(workers=workers)
    with (
        workplace(str(tmp_path / "lake"), Site(md=one, qm=one, train=one, cpu=one)) as here,
        workplace(str(tmp_path / "lake"), Site(md=one, qm=one, train=one, cpu=one)) as there,
        ThreadPoolExecutor() as runs,
    ):
        for work, name in ((here, "x"), (there, "y")):
            work.finish("label", "qm", pieces(log, name))  # its worker has started
        log.unlink()
        shared = labour.pieces(log, "abcdefgh", 0.3)
        ended = [runs.submit(work.finish, "label", "qm", shared) for work in (here, there)]
        assert [run.result(timeout=60) for run in ended] == [False, False]
        assert here.lake.claims.beats("batch") == {}
    told = log.read_text().splitlines()
    assert sorted(line[4] for line in told if line.startswith("end")) == list("abcdefgh")
    assert any(a.startswith("begin") and b.startswith("begin") for a, b in pairwise(told))


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_run_elsewhere_died_at_is_taken_up(tmp_path, log, monkeypatch, workers):
    monkeypatch.setattr("tasks.claims.LOOK", 0.1)
    one = Pool(workers=workers)
    with workplace(str(tmp_path / "lake"), Site(md=one, qm=one, train=one, cpu=one)) as work:
        shared = pieces(log, "ab")
        owner = {"run": "theirs", "node": "far", "machine": "far", "pid": 1, "started": 0.0}
        work.lake.claims.take("batch", shared[0].key, json.dumps(owner))
        assert work.finish("label", "qm", shared) is False
        assert work.lake.claims.beats("batch") == {}
    assert log.read_text().count("end") == 2


def test_a_task_that_found_its_work_shows_as_cached():
    assert done("key", cached=True).name == "Cached"
    assert done("key", cached=False).name == "Completed"
    assert done("key", cached=True).data == "key"


def test_lost_workers_are_worth_a_retry_and_nothing_else(prefect):
    from prefect import flow

    tries = []

    @verb(name="unlucky")
    def unlucky(error: type[Exception], times: int):
        tries.append(error)
        if len(tries) <= times:
            raise error("gone")
        return done(len(tries), cached=False)

    @flow
    def luck(error: type[Exception], times: int):
        tries.clear()
        return unlucky.submit(error, times).result()

    assert luck(LostWorkers, 2) == 3
    with pytest.raises(LostWorkers):
        luck(LostWorkers, 3)
    with pytest.raises(ValueError, match="gone"):
        luck(ValueError, 1)
    assert len(tries) == 1
