"""Which bonds of a framework are single ones that may be cut, judged by valence and length."""

from __future__ import annotations

import numpy as np
from ase.data import atomic_numbers, covalent_radii
from numpy.typing import NDArray

from nearsight.blocks.bonds import METALS, count_neighbours
from nearsight.blocks.forest import find_bridges

SHORTEST, LONGEST = 0.89, 1.085
"""Length of a single bond, in sums of covalent radii: 1.35 to 1.65 Å between carbons."""
CLEARLY_SINGLE, CLEARLY_SINGLE_AT_NITROGEN = 0.93, 0.95
"""The same, above which no bond has double character: 1.41 Å between carbons. The lone pair of
nitrogen makes amides longer than double bonds."""
CONTRAST = 0.03
"""By how much shorter than a doubtful bond another bond must be, to hold the double bond."""

_ELEMENTS = ["B", "C", "N", "Si", "P", "S", "Ge", "As", "Se"]
_JOINTS = np.zeros_like(METALS)
_JOINTS[[atomic_numbers[symbol] for symbol in _ELEMENTS]] = True


def single_bonds(
    numbers: NDArray[np.int64], pairs: NDArray[np.int64], lengths: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Bonds that may be cut and closed with hydrogens.

    Such a bond joins carbon to a carbon or another element of its kind, lies in no ring of the
    ligand, keeps off the atoms that bind metals, and is as long as single bonds are. Double it
    could be only between two unsaturated atoms; there it must be long, or shorter bonds at both
    ends must hold their double bonds. So carboxylates and phosphonates part from their carbons and
    rings from rings, but amides and vinyls stay whole.

    Parameters
    ----------
    numbers
        (n_atoms,) atomic numbers.
    pairs, lengths
        (n_bonds, 2) bonded atoms and (n_bonds,) their distances in Å.

    Returns
    -------
    single, ring
        (n_bonds,) which bonds may be cut, and which bonds between non-metals lie in a ring.
    """
    metal = METALS[numbers]
    covalent = ~metal[pairs].any(axis=1)
    bridge = np.zeros(len(pairs), dtype=bool)
    bridge[covalent] = find_bridges(len(numbers), pairs[covalent])

    relative = lengths / covalent_radii[numbers[pairs]].sum(axis=1)
    tightest = np.full(len(numbers), np.inf)
    heavy = covalent & (numbers[pairs] != 1).all(axis=1)
    for end in (0, 1):
        np.minimum.at(tightest, pairs[heavy, end], relative[heavy])
    neighbours = count_neighbours(pairs, ~metal)
    terminal = np.isin(numbers, (8, 16)) & (neighbours == 1)
    carbon, nitrogen = numbers == 6, numbers == 7
    unsaturated = carbon & (neighbours < 4) & (count_neighbours(pairs, terminal) < 2) | nitrogen
    doubtful = unsaturated[pairs].all(axis=1)
    elsewhere = (tightest[pairs] < relative[:, None] - CONTRAST).all(axis=1)
    at_nitrogen = nitrogen[pairs].any(axis=1)
    clear = relative > np.where(at_nitrogen, CLEARLY_SINGLE_AT_NITROGEN, CLEARLY_SINGLE)

    joint = _JOINTS[numbers] & (count_neighbours(pairs, metal) == 0)
    single = (
        bridge
        & joint[pairs].all(axis=1)
        & carbon[pairs].any(axis=1)
        & (~doubtful | clear | elsewhere & ~at_nitrogen)
        & (relative > SHORTEST)
        & (relative < LONGEST)
    )
    return single, covalent & ~bridge
