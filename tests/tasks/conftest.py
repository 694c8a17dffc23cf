import numpy as np
import pytest
from ase import Atoms

from nearsight.references import LevelOfTheory
from storage import open_lake
from tasks.pools import Pool, Site
from tasks.workplace import workplace

HERE = Site(md=Pool(workers=0), qm=Pool(workers=0), train=Pool(workers=0), cpu=Pool(workers=0))


@pytest.fixture
def lake(tmp_path):
    return open_lake(tmp_path / "lake")


@pytest.fixture
def work(tmp_path, lake):
    with workplace(lake.url, HERE) as opened:
        yield opened


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def level(log):
    return LevelOfTheory(name="Morse", calculator="teachers.Logged", arguments={"log": str(log)})


@pytest.fixture
def crystals():
    """Three small periodic structures."""
    rng = np.random.default_rng(0)
    return [
        Atoms("OCO", rng.uniform(0, 6, (3, 3)), cell=[6.0, 6.0, 6.0], pbc=True) for _ in range(3)
    ]
