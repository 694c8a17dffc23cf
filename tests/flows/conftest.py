from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from upstart import Up, nearsight

from storage import open_lake


@pytest.fixture
def lake(tmp_path):
    return open_lake(tmp_path / "lake")


@pytest.fixture
def mil_53(tmp_path):
    """A framework with rods that run through it without end."""
    table = np.load(Path(__file__).parents[1] / "blocks" / "frameworks.npz")
    i = table["names"].tolist().index("SABVUN_clean_h_min")
    atoms = slice(*np.cumsum([0, *table["sizes"]])[i : i + 2])
    mil = Atoms(table["numbers"][atoms], table["positions"][atoms])
    mil.set_cell(table["cells"][i])
    mil.pbc = True
    ase.io.write(tmp_path / "mil-53.cif", mil)
    return tmp_path / "mil-53.cif"


@pytest.fixture(scope="session")
def services(tmp_path_factory):
    """A server, a worker and a store of their own, as `nearsight up` leaves them."""
    folder = tmp_path_factory.mktemp("site")
    home = tmp_path_factory.mktemp("home")
    began = nearsight("up", "--home", str(home), "--s3", cwd=folder)
    assert began.returncode == 0, began.stderr
    api = next(word for word in began.stdout.split() if word.startswith("PREFECT_API_URL="))
    yield Up(home, folder, began.stdout, api.partition("=")[2])
    ended = nearsight("down", "--home", str(home), cwd=folder)
    assert ended.stdout == "Ended: worker, server, store.\n"


@pytest.fixture
def client(services):
    """A client of that server."""
    with temporary_settings({PREFECT_API_URL: services.api}), get_client(sync_client=True) as api:
        yield api


@pytest.fixture
def nobody_at_mechanics(client):
    """Runs of the queue of mechanics wait: what started them is tested, not they."""
    queue = "/work_pools/here/queues/mechanics"
    client.request("PATCH", queue, json={"is_paused": True}).raise_for_status()
    yield
    client.request("PATCH", queue, json={"is_paused": False}).raise_for_status()
