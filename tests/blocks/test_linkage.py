"""Single bonds of molecules that everybody knows."""

import numpy as np
import pytest
from ase.build import molecule

from nearsight.blocks import find_bonds
from nearsight.blocks.linkage import single_bonds


def singles(atoms):
    """Pairs of elements whose bond may be cut."""
    pairs, _ = find_bonds(atoms)
    lengths = np.linalg.norm(atoms.positions[pairs[:, 0]] - atoms.positions[pairs[:, 1]], axis=1)
    single = single_bonds(atoms.numbers, pairs, lengths)[0]
    return ["".join(sorted(atoms.symbols[pair])) for pair in pairs[single]]


@pytest.mark.parametrize(
    ("name", "bonds"),
    [
        ("C2H6", ["CC"]),
        ("C2H4", []),
        ("C2H2", []),
        ("C6H6", []),
        ("CH3COOH", ["CC"]),
        ("H2CO", []),
        ("CH3CN", ["CC"]),
        ("trans-butane", ["CC"] * 3),
        ("butadiene", ["CC"]),
        ("2-butyne", ["CC"] * 2),
        ("CH3NO2", ["CN"]),
        ("CH3CONH2", ["CC"]),
        ("CH3CH2NH2", ["CC", "CN"]),
        ("CH3CH2OCH3", ["CC"]),
        ("C5H5N", []),
        ("C4H4NH", []),
        ("bicyclobutane", []),
        ("CH3SCH3", ["CS", "CS"]),
    ],
)
def test_single_bonds(name, bonds):
    assert sorted(singles(molecule(name))) == bonds


def test_bonds_at_the_donors_of_a_metal_stay():
    amine = molecule("CH3CH2NH2")
    amine.append("Zn")
    nitrogen = amine.positions[amine.numbers == 7][0]
    away = nitrogen - amine.get_center_of_mass()
    amine.positions[-1] = nitrogen + 2.0 * away / np.linalg.norm(away)
    assert singles(amine) == ["CC"]
