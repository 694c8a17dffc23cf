import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from ase.build import bulk, molecule

from nearsight.references import CalculatorLevel, reference
from nearsight.references.engine import Engine, EngineLost

EMT = {"calculator": "ase.calculators.emt.EMT", "arguments": {}}
PARENT = """
import sys, threading
from ase.build import molecule
from nearsight.references import CalculatorLevel, reference
from nearsight.references.engine import engine
arguments = {"folder": sys.argv[1], "ways": ["hang"]}
worker = reference(CalculatorLevel(name="x", calculator="sick.Sick", arguments=arguments))
print(engine(None)._process.pid, flush=True)
worker.label(molecule("CO"))
"""


@pytest.fixture
def engine():
    made = Engine(None)
    yield made
    made._end()


def alive(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_starts_when_asked_and_again_after_its_death(engine):
    assert engine.ask(EMT, 60.0) == {}
    first = engine._process
    assert engine.ask(EMT, 60.0) == {}
    assert engine._process is first
    first.kill()
    with pytest.raises(EngineLost, match="SIGKILL"):
        engine.ask(EMT, 60.0)
    assert engine.ask(EMT, 60.0) == {}


def test_a_limit_ends_the_process(engine, tmp_path):
    arguments = {"folder": str(tmp_path), "ways": ["hang"]}
    engine.ask(EMT, 60.0)
    pid = engine._process.pid
    work = {"calculator": "sick.Sick", "arguments": arguments, "folder": None}
    atoms = {"numbers": [6], "positions": [[0.0] * 3], "cell": [[0.0] * 3] * 3, "pbc": [False] * 3}
    with pytest.raises(EngineLost, match="killed at its time limit of 1 s"):
        engine.ask({**work, "atoms": atoms}, 1.0)
    assert not alive(pid)


def test_it_ends_with_its_parent_even_in_the_middle_of_work(tmp_path):
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, env=environment
    )
    child = int(parent.stdout.readline())
    late = time.monotonic() + 30.0
    while not (tmp_path / "0").exists() and time.monotonic() < late:
        time.sleep(0.05)
    assert alive(child)
    parent.kill()
    parent.wait()
    while alive(child) and time.monotonic() < late:
        time.sleep(0.05)
    assert not alive(child)


def test_threads_take_turns():
    level = CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")
    copper, water = bulk("Cu"), molecule("H2O")
    expected = [reference(level).label(atoms).energy for atoms in (copper, water)]
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(reference(level).label, [copper, water] * 8))
    assert [label.energy for label in told] == expected * 8
