"""Structures that are refused before they are taken apart."""

from contextlib import suppress

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from hypothesis import given, settings
from hypothesis import strategies as st

from nearsight.blocks import UnsoundCluster, UnsupportedFramework, cut, partition
from nearsight.systems.uio66 import pristine

PARTLY = """data_partly
_cell_length_a 8
_cell_length_b 8
_cell_length_c 8
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Zn1 Zn 0 0 0 1.0
C1 C 0.5 0.5 0.5 0.5
"""


def test_partly_occupied_sites(tmp_path):
    file = tmp_path / "partly.cif"
    file.write_text(PARTLY)
    with pytest.raises(UnsupportedFramework, match=r"partly occupied \(C 0.5\)"):
        partition(ase.io.read(file))


def ring_without(atoms, gone):
    """A pristine cell without the atoms of its first linker that `gone` names by element."""
    first = partition(atoms).kinds.index("linker")
    members = partition(atoms).members(first)
    return atoms[np.setdiff1d(np.arange(len(atoms)), members[atoms.numbers[members] == gone][:1])]


def apart():
    """A zinc atom far from a molecule."""
    atoms = molecule("CH3OH") + Atoms("Zn", positions=[[0, 0, 6.0]])
    atoms.set_cell([12.0] * 3)
    atoms.pbc = True
    return atoms


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        (ring_without(pristine(), 1), "hydrogens"),
        (ring_without(pristine(), 6), "bonded to nothing|overlap|too few|hydrogens"),
        (bulk("NiTi", "cesiumchloride", a=3.0).repeat(3), "no carbon"),
        (pristine() + Atoms("X", positions=[[5.0, 5, 5]]), "no known element"),
        (pristine() + Atoms("H", positions=[[5.19, 5.19, 5.19]]), "bonded to nothing"),
        (pristine() + Atoms("C", positions=[[5.19, 5.19, 5.19]]), "too few neighbours"),
        (molecule("CH3OH"), "no metal"),
        (apart(), "close enough"),
    ],
)
def test_refusals_say_why(atoms, reason):
    with pytest.raises(UnsupportedFramework, match=reason):
        partition(atoms)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_garbage_gives_blocks_or_a_refusal(data):
    n = data.draw(st.integers(0, 12))
    element = st.sampled_from([0, 1, 6, 7, 8, 17, 30, 40])
    numbers = data.draw(st.lists(element, min_size=n, max_size=n))
    coordinate = st.floats(-30, 30) | st.sampled_from([0.0, np.nan, np.inf, 1e9])
    places = data.draw(st.lists(coordinate, min_size=3 * n, max_size=3 * n))
    cell = data.draw(st.lists(st.floats(-20, 20) | st.just(0.0), min_size=9, max_size=9))
    pbc = data.draw(st.lists(st.booleans(), min_size=3, max_size=3))
    positions = np.reshape(places, (n, 3))
    atoms = Atoms(numbers, positions=positions, cell=np.reshape(cell, (3, 3)), pbc=pbc)
    with suppress(UnsupportedFramework, UnsoundCluster):
        cut(atoms, partition(atoms), 0)
