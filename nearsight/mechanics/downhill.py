"""The way down to a minimum of a crystal's energy, in few calculations of forces."""

from __future__ import annotations

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import LBFGS
from matscipy.neighbours import neighbour_list
from scipy.sparse import bsr_array, csc_array
from scipy.sparse.linalg import splu

from nearsight.mechanics.points import Array

BOND, LENGTH, DECAY, REACH = 35.0, 1.4, 2.1, 3.5
"""Springs between atoms: eV/Å² of a bond of LENGTH Å, how they weaken, 1/Å, and end, Å."""
ACROSS = 0.1
"""Stiffness across a spring over that along it."""
FLOOR = 0.3
"""eV/Å² that hold every atom where it is, or nothing held the whole crystal."""
CELL = 10.0
"""eV/Å² of the cell; where it counts as stiffer, it stays on saddles that its moves would leave."""
LONGEST, RENEWED = 0.1, 0.3
"""Å that an atom moves in a step at most, and before springs are laid anew."""


class Downhill(LBFGS):  # type: ignore[misc]
    """L-BFGS that knows of bonds beforehand, and goes down where the energy is concave, too.

    Bonds are ten thousand times as stiff as the linkers' swing, which a plain L-BFGS learns in
    hundreds of steps. Where the energy is concave, a curvature counts by its size: ASE's keeps a
    negative one as it is, and circles around the top of a barrier for ever.
    """

    def __init__(self, body: Atoms | FrechetCellFilter, atoms: Atoms) -> None:
        """Move `body`: `atoms`, or these and their cell."""
        super().__init__(body, logfile=None, maxstep=LONGEST)
        self.crystal = atoms
        self.laid: Array | None = None

    def step(self, forces: Array | None = None) -> None:
        now = self.crystal.positions
        if self.laid is None or np.linalg.norm(now - self.laid, axis=1).max() > RENEWED:
            self.state.H0 = Softness(self.crystal)
            self.laid = now.copy()
        super().step(forces)

    def update(self, pos: Array, forces: Array, r0: Array | None, f0: Array | None) -> None:
        if r0 is not None and f0 is not None and np.vdot(pos - r0, f0 - forces) < 0:
            forces, f0 = f0, forces
        super().update(pos, forces, r0, f0)


class Softness:
    """Inverse of the second derivatives of the energy, as springs between atoms would have them."""

    def __init__(self, atoms: Atoms) -> None:
        self.factors = splu(
            stiffness(atoms),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )

    def __matmul__(self, gradient: Array) -> Array:
        """The step (n,) that would undo a gradient (n,): of atoms, and of a cell behind them."""
        atoms, cell = np.split(gradient, self.factors.shape[:1])
        return np.concatenate([self.factors.solve(atoms), cell / CELL])


def stiffness(atoms: Atoms) -> csc_array:
    """Second derivatives of the energy of springs between near atoms, none of them strained.

    Returns
    -------
    stiffness
        (3 n_atoms, 3 n_atoms) in eV/Å², symmetric, no eigenvalue below FLOOR.
    """
    n = len(atoms)
    first, second, distance, vector = neighbour_list("ijdD", atoms, REACH)
    along = vector / distance[:, None]
    spring = BOND * np.exp(-DECAY * (distance - LENGTH))
    pairs = spring[:, None, None] * (along[:, :, None] * along[:, None, :] + ACROSS * np.eye(3))
    onsite = np.tile(FLOOR * np.eye(3), (n, 1, 1))
    np.add.at(onsite, first, pairs)
    each, shape = np.arange(n + 1), (3 * n, 3 * n)
    ends = np.searchsorted(first, each)
    held = bsr_array((onsite, each[:-1], each), shape=shape)
    return (held - bsr_array((pairs, second, ends), shape=shape)).tocsc()
