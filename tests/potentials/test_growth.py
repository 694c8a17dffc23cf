from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from nearsight.potentials import NequIP
from nearsight.potentials.growth import closest, grow


@pytest.mark.parametrize(
    ("element", "known", "expected"),
    [
        ("Hf", ["H", "C", "O", "Zr"], "Zr"),
        ("Hf", ["Ti", "Zr", "Ta"], "Zr"),
        ("Si", ["H", "C", "O", "Zr"], "C"),
        ("S", ["H", "C", "O", "Zr"], "O"),
        ("Ce", ["O", "Y", "Hf"], "Y"),
        ("F", ["He", "Cl"], "Cl"),
        ("He", ["H", "Be", "Ar"], "Ar"),
        ("N", ["H", "C", "Zr"], "C"),
        ("Th", ["Ra", "Ce"], "Ce"),
    ],
)
def test_the_same_group_comes_first_then_the_nearest_number(
    element: str, known: list[str], expected: str
) -> None:
    assert closest(element, known) == expected


def test_what_was_known_stays_as_it_was(parent: NequIP) -> None:
    grown = grow(parent, ["Ni", "Al", "Ag"])
    assert grown.elements == ("Al", "Cu", "Ni", "Ag")
    atoms = bulk("Cu", cubic=True)
    atoms.symbols[0] = "Al"
    atoms.rattle(0.1, seed=1)
    before, after = parent.evaluate(atoms), grown.evaluate(atoms)
    assert after.energy == before.energy
    for name in ("forces", "stress", "features"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


def test_untrained_a_new_element_is_taken_for_the_closest(parent: NequIP) -> None:
    grown = grow(parent, ["Ag"])
    silver, copper = (Atoms(f"{element}Al", [[0, 0, 0], [0, 0, 2.5]]) for element in ("Ag", "Cu"))
    assert grown.evaluate(silver).energy == grown.evaluate(copper).energy


def test_a_grown_potential_is_kept_like_any_other(parent: NequIP) -> None:
    grown = grow(parent, {"Ag", "Ni"})
    package = grown.to_bytes()
    assert package == grow(parent, {"Ni", "Ag"}).to_bytes()
    assert NequIP.from_bytes(package).to_bytes() == package
    assert grow(grown, ["Cu", "Ag"]) is grown
