"""Guards that stop a bad walk, so that its sane frames are kept and used."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from nearsight.blocks import UnsupportedFramework, find_bonds
from nearsight.blocks.bonds import METALS, name
from nearsight.potentials.base import Prediction
from nearsight.sampling.base import InsaneStart, WalkSpec


class Guards:
    """What a sane frame of a walk looks like.

    Each method returns why a frame is not sane, or an empty string. `geometry` comes before the
    potential is asked, so that no potential ever sees a collapsed or infinite cell; `prediction`
    comes after.

    Parameters
    ----------
    spec
        The limits.
    start
        The structure that the walk starts from. Its bonds are those that must not break.

    Raises
    ------
    InsaneStart
        If the bonds of `start` cannot be told.
    """

    def __init__(self, spec: WalkSpec, start: Atoms) -> None:
        self._spec = spec
        self._numbers = start.numbers
        self._volume = start.get_volume()
        self._radii = covalent_radii[start.numbers]
        try:
            self._bonds, self._shifts = find_bonds(start)
        except UnsupportedFramework as error:
            raise InsaneStart(str(error)) from error
        self._bonded = self._pair_code(*self._bonds.T)

    def geometry(
        self, positions: NDArray[np.float64], cell: NDArray[np.float64], temperature: float
    ) -> str:
        """Judge positions (n_atoms, 3) and cell (3, 3) in Å, and the kinetic temperature in K."""
        if not (np.isfinite(positions).all() and np.isfinite(cell).all()):
            return "positions or cell are not finite"
        limit = self._spec.max_temperature_ratio * self._spec.temperature
        if not temperature <= limit:
            return f"kinetic temperature {temperature:.0f} K, above {limit:.0f} K"
        ratio = abs(np.linalg.det(cell)) / self._volume
        low, high = self._spec.volume_range
        if not low <= ratio <= high:
            return f"volume {ratio:.3f} of the start, outside {low:g} to {high:g}"
        return self.bonds(positions, cell)

    def bonds(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> str:
        """Judge bonds and contacts alone: positions (n_atoms, 3), unwrapped, and cell (3, 3), Å."""
        return self._contact(positions, cell) or self._broken_bond(positions, cell)

    def prediction(self, prediction: Prediction) -> str:
        """Judge energy, forces and stress."""
        if not np.isfinite(prediction.energy):
            return "energy is not finite"
        norms = np.linalg.norm(prediction.forces, axis=1)
        if not np.isfinite(norms).all():
            return (
                f"force is not finite on {name(self._numbers, int(np.argmin(np.isfinite(norms))))}"
            )
        if prediction.stress is not None and not np.isfinite(prediction.stress).all():
            return "stress is not finite"
        worst = int(np.argmax(norms))
        if norms[worst] > self._spec.max_force:
            return f"force {norms[worst]:.0f} eV/Å on {name(self._numbers, worst)}"
        return ""

    def _contact(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> str:
        """Any two atoms that are too close, and atoms that have made a bond."""
        first, second, distances = neighbour_list(
            "ijd",
            positions=positions,
            cell=cell,
            pbc=np.ones(3, dtype=bool),
            cutoff=max(self._spec.min_distance_ratio, self._spec.min_contact_ratio) * self._radii,
        )
        ratios = distances / (self._radii[first] + self._radii[second])
        metal, hydrogen = METALS[self._numbers], self._numbers == 1
        free = ~(metal[first] & (metal | hydrogen)[second] | hydrogen[first] & metal[second])
        free &= ~np.isin(self._pair_code(first, second), self._bonded)
        limits = np.where(free, self._spec.min_contact_ratio, 0.0)
        bad = np.flatnonzero(ratios < np.maximum(limits, self._spec.min_distance_ratio))
        if bad.size == 0:
            return ""
        worst = bad[np.argmin(ratios[bad])]
        return self._apart(first[worst], second[worst], distances[worst])

    def _broken_bond(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> str:
        if len(self._bonds) == 0:
            return ""
        first, second = self._bonds.T
        vectors = positions[second] + self._shifts @ cell - positions[first]
        lengths = np.linalg.norm(vectors, axis=1)
        ratios = lengths / (self._radii[first] + self._radii[second])
        longest = int(np.argmax(ratios))
        if ratios[longest] <= self._spec.max_bond_ratio:
            return ""
        return self._apart(first[longest], second[longest], lengths[longest])

    def _pair_code(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
        """One number for every unordered pair of atoms."""
        return np.minimum(first, second) * len(self._numbers) + np.maximum(first, second)

    def _apart(self, first: int, second: int, distance: float) -> str:
        one, other = name(self._numbers, int(first)), name(self._numbers, int(second))
        return f"{one} and {other} are {distance:.2f} Å apart"
