"""Pristine UiO-66 as it is built."""

import numpy as np
import pytest

from nearsight.systems.uio66 import brick, linker, pristine


@pytest.mark.parametrize("metal", ["Zr", "Hf"])
def test_composition(metal):
    atoms = pristine(metal)
    counts = {symbol: int((atoms.symbols == symbol).sum()) for symbol in ["C", "H", "O", metal]}
    assert counts == {"C": 192, "H": 112, "O": 128, metal: 24}
    assert atoms.pbc.all()


def test_no_clashes():
    distances = pristine().get_all_distances(mic=True)
    assert distances[~np.eye(456, dtype=bool)].min() > 0.95


def test_parts():
    assert brick().get_chemical_formula() == "H4O8Zr6"
    assert linker(np.array([0.0, 1.0, -1.0])).get_chemical_formula() == "C8H4O4"


def test_uio67():
    atoms = pristine(rings=2)
    assert atoms.get_chemical_formula() == "C336H208O128Zr24"
    assert atoms.cell.lengths() == pytest.approx(26.9, abs=0.1)  # 26.8 to 27.1 Å in experiments
    distances = atoms.get_all_distances(mic=True)
    assert distances[~np.eye(696, dtype=bool)].min() > 0.95
