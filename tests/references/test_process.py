import signal
import subprocess
import tempfile
import time

import pytest

from nearsight.references.process import how_it_ended, python, start, stop


@pytest.fixture
def log():
    with tempfile.TemporaryFile() as file:
        yield file


def test_a_process_and_what_it_started_end_together(log, tmp_path):
    script = f"echo $$ > {tmp_path}/pid; (trap '' TERM; touch {tmp_path}/on; sleep 60) & wait"
    process = start(["sh", "-c", script], log)
    while not (tmp_path / "on").exists():
        time.sleep(0.02)
    assert int((tmp_path / "pid").read_text()) == process.pid
    stop(process)
    assert process.returncode == -signal.SIGTERM
    left = subprocess.run(["ps", "-o", "stat=", "-g", str(process.pid)], capture_output=True)
    assert set(left.stdout.split()) <= {b"Z"}


@pytest.mark.parametrize(("limit", "code"), [(None, 0), (1.0, 3)])
def test_memory_has_a_limit(log, limit, code):
    script = "import sys\ntry: bytearray(2**31)\nexcept MemoryError: sys.exit(3)"
    process = start([*python("timeit")[:1], "-c", script], log, memory_limit=limit)
    assert process.wait(30.0) == code


def test_python_finds_the_same_modules(log, tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("import sys\nprint(sys.argv[1:])")
    monkeypatch.syspath_prepend(tmp_path)
    assert start(python("mine", "a", "b"), log).wait(30.0) == 0
    log.seek(0)
    assert log.read() == b"['a', 'b']\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "it ended with status 3"),
        (-11, "it was killed by SIGSEGV"),
        (-9, "it was killed by SIGKILL, perhaps for want of memory"),
    ],
)
def test_a_return_code_in_words(code, words):
    assert how_it_ended(code) == words
