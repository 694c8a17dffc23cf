import subprocess
import sys

import pytest

from tasks.errors import NoJobs
from tasks.jobqueue import dask_jobqueue

IN_A_THREAD = """
import signal
from concurrent.futures import ThreadPoolExecutor
from tasks.jobqueue import dask_jobqueue
with ThreadPoolExecutor() as threads:
    print(threads.submit(dask_jobqueue).result().SLURMCluster.__name__)
assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
signal.raise_signal(signal.SIGINT)
"""


def test_tasks_import_it_in_their_threads_and_ctrl_c_stays_what_it_is():
    done = subprocess.run([sys.executable, "-c", IN_A_THREAD], capture_output=True, text=True)
    assert done.stdout == "SLURMCluster\n"
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_without_it_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", None)
    with pytest.raises(NoJobs, match=r"pip install 'nearsight\[hpc\]'"):
        dask_jobqueue()
