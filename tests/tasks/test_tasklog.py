"""What is said at work, by a worker or in the flow itself, is in the log of its Prefect task."""

import logging
import threading
import time

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.context import FlowRunContext

from storage import Record, content_key
from tasks.pools import Pool, Site
from tasks.tasklog import logged
from tasks.workplace import Piece, done, verb, workplace


def work_and_warn(lake, key, words):
    logging.getLogger("nearsight.explore").warning("a walk ended early (%s)", words)
    lake.put(Record("batch", key, {"clusters": []}, {}))


@verb(name="explore", task_run_name="explore {name}")
def warner(work, name):
    key = content_key("batch", {"name": name})
    return done(key, work.finish("explore", "md", [Piece("batch", key, work_and_warn, (name,))]))


def words_of(run, count):
    """(level, task or None, message) of what a run logged of nearsight's."""
    late = time.monotonic() + 30
    while True:
        with get_client(sync_client=True) as client:
            names = {t.id: t.name for t in client.read_task_runs() if t.flow_run_id == run}
            mine = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
            logs = [log for log in client.read_logs(mine) if log.level >= logging.WARNING]
        if len(logs) >= count or time.monotonic() > late:
            return sorted((names.get(log.task_run_id), log.message) for log in logs)
        time.sleep(0.2)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_warning_is_in_the_log_of_its_task(prefect, tmp_path, workers):
    pool = Pool(workers=workers)

    @flow(persist_result=False)
    def two():
        site = Site(md=pool, qm=pool, train=pool, cpu=pool)
        with workplace(str(tmp_path / "lake"), site) as work:
            for walk in [warner.submit(work, name) for name in ("a", "b")]:
                walk.result()
        return FlowRunContext.get().flow_run.id

    said = words_of(two(), 2)
    assert [task for task, _ in said] == ["explore a", "explore b"]
    for name, (_, message) in zip("ab", said, strict=True):
        assert message.endswith(f"a walk ended early ({name})")


def test_what_no_task_says_is_in_the_log_of_the_flow(prefect):
    def warn():
        logging.getLogger("nearsight.jobs").warning("a job ended")

    @flow(persist_result=False)
    def one():
        with logged():
            thread = threading.Thread(target=warn)
            thread.start()
            thread.join()
        warn()  # nobody listens any more
        return FlowRunContext.get().flow_run.id

    assert words_of(one(), 1) == [(None, "a job ended")]
