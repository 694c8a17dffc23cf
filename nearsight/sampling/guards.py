"""Guards that stop a bad walk, so that its sane frames are kept and used."""

from __future__ import annotations

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from matscipy.neighbours import neighbour_list
from numpy.typing import NDArray

from nearsight.potentials.base import Prediction
from nearsight.sampling.base import WalkSpec


class Guards:
    """What a sane frame of a walk looks like.

    Each method returns why a frame is not sane, or an empty string. `geometry` comes before the
    potential is asked, so that no potential ever sees a collapsed or infinite cell; `prediction`
    comes after.

    Parameters
    ----------
    spec
        The limits.
    numbers
        (n_atoms,) atomic numbers.
    volume
        Å³, at the start.
    """

    def __init__(self, spec: WalkSpec, numbers: NDArray[np.int64], volume: float) -> None:
        self._spec = spec
        self._numbers = numbers
        self._volume = volume
        self._radii = covalent_radii[numbers]

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
        return self._overlap(positions, cell)

    def prediction(self, prediction: Prediction) -> str:
        """Judge energy, forces and stress."""
        if not np.isfinite(prediction.energy):
            return "energy is not finite"
        norms = np.linalg.norm(prediction.forces, axis=1)
        if not np.isfinite(norms).all():
            return f"force is not finite on {self._name(int(np.argmin(np.isfinite(norms))))}"
        if prediction.stress is not None and not np.isfinite(prediction.stress).all():
            return "stress is not finite"
        worst = int(np.argmax(norms))
        if norms[worst] > self._spec.max_force:
            return f"force {norms[worst]:.0f} eV/Å on {self._name(worst)}"
        return ""

    def _overlap(self, positions: NDArray[np.float64], cell: NDArray[np.float64]) -> str:
        i, j, d = neighbour_list(
            "ijd",
            positions=positions,
            cell=cell,
            pbc=np.ones(3, dtype=bool),
            cutoff=self._spec.min_distance_ratio * self._radii,
        )
        if len(d) == 0:
            return ""
        closest = int(np.argmin(d))
        first, second = self._name(int(i[closest])), self._name(int(j[closest]))
        return f"{d[closest]:.2f} Å between {first} and {second}"

    def _name(self, atom: int) -> str:
        return f"atom {atom} ({chemical_symbols[self._numbers[atom]]})"
