import numpy as np
import pytest
from ase import Atoms
from cheap import SITE

from nearsight.references import CalculatorLevel
from storage import open_lake
from tasks.workplace import workplace


@pytest.fixture
def lake(tmp_path):
    return open_lake(tmp_path / "lake")


@pytest.fixture
def work(tmp_path, lake):
    with workplace(lake.url, SITE) as opened:
        yield opened


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def level(log):
    return CalculatorLevel(name="Morse", calculator="teachers.Logged", arguments={"log": str(log)})


@pytest.fixture
def crystals():
    """Three small periodic structures."""
    rng = np.random.default_rng(0)
    return [
        Atoms("OCO", rng.uniform(0, 6, (3, 3)), cell=[6.0, 6.0, 6.0], pbc=True) for _ in range(3)
    ]
