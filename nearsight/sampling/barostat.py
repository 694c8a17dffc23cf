"""Stochastic cell rescaling: a barostat that costs no evaluation beyond those of the dynamics."""

from __future__ import annotations

import numpy as np
from ase import units
from numpy.typing import NDArray
from scipy.linalg import expm


class Rescaling:
    """Overdamped Langevin dynamics of the whole cell matrix, all six strains free.

    Every step multiplies cell and positions from the right by ``exp(eta)``, eta symmetric,

        eta = m [(n_atoms + 1) kT 1 - V (sigma + P 1)] + sqrt(2 m kT) xi,

    with the potential part of the stress sigma (positive under tension), unit white noise xi
    and the mobility m = dt / (3 K V0 tau). Momenta stay as they are: their average pressure is
    the n_atoms kT. The stationary distribution is the isothermal-isobaric one of the fully
    flexible cell whatever K and tau, which set the pace only: a crystal of bulk modulus K
    relaxes its volume in tau. After Del Tatto, Raiteri, Bernetti and Bussi (Appl. Sci. 12,
    1139, 2022), with the kinetic stress averaged out.

    OpenMM's own Monte Carlo barostat is no use for short walks of stiff crystals. Its trial
    moves start at 1 % of the cell and shear the cell without its atoms: 0 of 20 moves were
    accepted in 500 steps of copper (256 atoms, 600 K), which has the K V / kT of a UiO-66 cell.

    Parameters
    ----------
    temperature, pressure
        K and GPa.
    timestep, relaxation
        dt and tau, fs.
    bulk_modulus
        K, GPa.
    volume
        V0, Å³: the volume at the start.
    """

    def __init__(
        self,
        *,
        temperature: float,
        pressure: float,
        timestep: float,
        relaxation: float,
        bulk_modulus: float,
        volume: float,
    ) -> None:
        self._kt = units.kB * temperature
        self._pressure = pressure * units.GPa
        self._mobility = timestep / (3.0 * bulk_modulus * units.GPa * volume * relaxation)

    def deformation(
        self,
        stress: NDArray[np.float64],
        volume: float,
        n_atoms: int,
        rng: np.random.Generator,
    ) -> NDArray[np.float64]:
        """Return F (3, 3) of one step: cell rows and positions become ``x @ F``.

        `stress` (3, 3) in eV/Å³ without its kinetic part, `volume` in Å³.
        """
        noise = rng.standard_normal((3, 3))
        noise = 0.5 * (noise + noise.T)
        drift = (n_atoms + 1) * self._kt * np.eye(3) - volume * (
            0.5 * (stress + stress.T) + self._pressure * np.eye(3)
        )
        eta = self._mobility * drift + np.sqrt(2.0 * self._mobility * self._kt) * noise
        deformation: NDArray[np.float64] = expm(np.clip(eta, -0.1, 0.1))
        return deformation
