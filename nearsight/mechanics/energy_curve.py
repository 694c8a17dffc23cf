"""E(V) by continuation: every volume starts from its relaxed neighbour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from nearsight.mechanics.points import Array
from nearsight.mechanics.relaxation import Relaxed


@dataclass(frozen=True)
class EnergyCurve:
    """Relaxed structures over volume, on the way out from the start and on the way back.

    Attributes
    ----------
    outward
        By volume in Å³, ascending.
    inward
        Likewise, without the two ends, where the ways turn.
    """

    outward: Mapping[float, Relaxed]
    inward: Mapping[float, Relaxed]

    @property
    def best(self) -> dict[float, Relaxed]:
        """The converged structure of lowest energy, by volume in Å³, ascending."""
        best: dict[float, Relaxed] = {}
        for volume, outward in self.outward.items():
            found = [
                (told.energy, told)
                for told in (outward, self.inward.get(volume))
                if told is not None and told.energy is not None
            ]
            if found:
                best[volume] = min(found, key=lambda pair: pair[0])[1]
        return best

    @property
    def volumes(self) -> Array:
        """(n_points,) in Å³, ascending: where a relaxation converged."""
        return np.array(list(self.best))

    @property
    def energies(self) -> Array:
        """(n_points,) in eV: the lowest at each of `volumes`."""
        return np.array([told.energy for told in self.best.values()], dtype=np.float64)

    @property
    def pressures(self) -> Array:
        """(n_points,) in GPa: from the stress at each of `volumes`."""
        return np.array([told.pressure for told in self.best.values()], dtype=np.float64)

    @property
    def hysteresis(self) -> dict[float, float]:
        """Energy on the way back minus that on the way out, eV, where both ways converged."""
        return {
            volume: inward.energy - energy
            for volume, inward in self.inward.items()
            if inward.energy is not None and (energy := self.outward[volume].energy) is not None
        }

    @property
    def failures(self) -> list[str]:
        """One sentence for every relaxation that did not converge."""
        return [
            f"{way} at {volume:.2f} Å³, {told.status} after {told.steps} steps: {told.message}"
            for way, tolds in (("outward", self.outward), ("inward", self.inward))
            for volume, told in tolds.items()
            if told.status != "converged"
        ]


def energy_curve(
    start: Atoms, volumes: ArrayLike, relax: Callable[[Atoms], Relaxed]
) -> EnergyCurve:
    """Relax at each volume, outwards from the start in both directions and back again.

    Every relaxation starts from the nearest converged structure on its way, scaled to its volume.
    A structure that changes on the way out and not on the way back, or elsewhere, shows as
    hysteresis.

    Parameters
    ----------
    start
        The structure at rest: relaxed with "positions and cell".
    volumes
        (n_points,) in Å³, in any order.
    relax
        Relaxes one structure at the volume that it comes with, such as
        ``lambda atoms: nearsight.mechanics.relax(atoms, calculator, Relaxation())``.

    Raises
    ------
    ValueError
        If the volumes are no list of positive, finite numbers.
    """
    outward: dict[float, Relaxed] = {}
    inward: dict[float, Relaxed] = {}
    for side in sides(start.get_volume(), volumes):
        last = _follow(start, side, relax, outward)
        _follow(last, side[-2::-1], relax, inward)
    return EnergyCurve(dict(sorted(outward.items())), dict(sorted(inward.items())))


def sides(rest: float, volumes: ArrayLike) -> tuple[list[float], list[float]]:
    """Split volumes (n_points,) in Å³ into those below `rest` and the others, each outwards.

    Raises
    ------
    ValueError
        If the volumes are no list of positive, finite numbers.
    """
    wanted = np.unique(np.asarray(volumes, dtype=np.float64))
    if wanted.size == 0 or not (np.isfinite(wanted).all() and wanted[0] > 0):
        raise ValueError("volumes must be positive, finite numbers, at least one")
    return wanted[wanted < rest][::-1].tolist(), wanted[wanted >= rest].tolist()


def _follow(
    atoms: Atoms,
    volumes: list[float],
    relax: Callable[[Atoms], Relaxed],
    found: dict[float, Relaxed],
) -> Atoms:
    """Relax along `volumes` into `found`; return the last converged structure."""
    for volume in volumes:
        scaled = atoms.copy()
        scaled.set_cell(atoms.cell * (volume / atoms.get_volume()) ** (1 / 3), scale_atoms=True)
        found[volume] = relax(scaled)
        if found[volume].status == "converged":
            atoms = found[volume].atoms
    return atoms
