from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms

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
