"""The formal charge of a fragment, as far as its groups leave no doubt."""

from __future__ import annotations

import numpy as np
from ase.data import atomic_numbers
from numpy.typing import NDArray

from nearsight.blocks.bonds import METALS, count_neighbours

_STATES = {
    1: "Li Na K Rb Cs",
    2: "Be Mg Ca Sr Ba Zn Cd",
    3: "Al Ga In Sc Y La Pr Nd Gd Tb Dy Ho Er Tm Lu",
    4: "Zr Hf Ti Th",
}
OXIDATION_STATES = {
    atomic_numbers[symbol]: state
    for state, symbols in _STATES.items()
    for symbol in symbols.split()
}
"""Oxidation state by atomic number, of the metals that have only one in frameworks."""
_BARE_ANIONS = {"O": -2, "S": -2, "Se": -2, "F": -1, "Cl": -1, "Br": -1, "I": -1}


def formal_charge(numbers: NDArray[np.int64], pairs: NDArray[np.int64]) -> int | None:
    """Formal charge of a fragment in e, or None where it cannot be told.

    Counts the oxidation states of the metals against oxides, hydroxides, halides and carboxylates;
    water, alcohols, ethers and amines are neutral, ammonium is not. Metals of several oxidation
    states, and other donors on a metal (phenolates, pyrazolates, ...), leave the charge open.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers.
    pairs
        (n_bonds, 2) bonded atoms.
    """
    metal = METALS[numbers]
    degree = count_neighbours(pairs, ~metal)
    hydrogens = count_neighbours(pairs, numbers == 1)
    oxygen, nitrogen = numbers == 8, numbers == 7
    terminal = oxygen & (degree == 1) & (hydrogens == 0)
    carboxyl = (numbers == 6) & (degree == 3) & (count_neighbours(pairs, terminal) == 2)
    hydroxide = oxygen & (degree == 1) & (hydrogens == 1)
    ammonium = nitrogen & (degree == 4)

    bare = np.zeros(len(numbers), dtype=np.int64)
    for symbol, charge in _BARE_ANIONS.items():
        bare[(numbers == atomic_numbers[symbol]) & (degree == 0)] = charge
    clear = (
        (bare < 0)
        | hydroxide
        | terminal & (count_neighbours(pairs, carboxyl) == 1)
        | oxygen & (degree == 2)
        | nitrogen & (degree == 3)
    )
    donor = ~metal & (count_neighbours(pairs, metal) > 0)
    states = [OXIDATION_STATES.get(int(number)) for number in numbers[metal]]
    if None in states or (donor & ~clear).any():
        return None
    cations = sum(state for state in states if state is not None) + int(ammonium.sum())
    return cations + int(bare.sum()) - int(hydroxide.sum()) - int(carboxyl.sum())
