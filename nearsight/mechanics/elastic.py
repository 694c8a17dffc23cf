"""Elastic constants by finite strain, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from ase import Atoms
from numpy.typing import ArrayLike

from nearsight.mechanics.points import Array, UnphysicalFit
from nearsight.mechanics.relaxation import Relaxed

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))
"""xx, yy, zz, yz, xz, xy."""

_INDEX = np.array([[0, 5, 4], [5, 1, 3], [4, 3, 2]])


class Averages(NamedTuple):
    """A modulus of a polycrystal, GPa: the bounds of Voigt and Reuss, and Hill's mean."""

    voigt: float
    reuss: float
    hill: float


@dataclass(frozen=True)
class ElasticTensor:
    """Stress over strain.

    Attributes
    ----------
    constants
        (6, 6) in GPa, symmetric, in Voigt order xx, yy, zz, yz, xz, xy, with engineering shear
        strains.
    asymmetry
        Largest difference of two constants that must be equal, GPa: the numerical error, or
        stress in the structure that is no pressure.
    """

    constants: Array
    asymmetry: float = 0.0

    @property
    def eigenvalues(self) -> Array:
        """(6,) in GPa, ascending, in Mandel's notation, where they do not depend on the axes."""
        mandel = np.repeat([1.0, np.sqrt(2.0)], 3)
        return np.asarray(
            np.linalg.eigvalsh(self.constants * np.outer(mandel, mandel)), dtype=np.float64
        )

    @property
    def stable(self) -> bool:
        """Whether every small strain costs energy (Born and Huang; Mouhat and Coudert, 2014)."""
        return bool(self.eigenvalues[0] > 0)

    @property
    def bulk_modulus(self) -> Averages:
        """K in GPa; Reuss' is -V dP/dV where the shape relaxes, Voigt's where it is kept.

        Raises
        ------
        UnphysicalFit
            If the crystal is not stable.
        """
        c, s = self.constants, self._compliances()
        return _averages(c[:3, :3].sum() / 9.0, 1.0 / s[:3, :3].sum())

    @property
    def shear_modulus(self) -> Averages:
        """G in GPa (Hill, Proc. Phys. Soc. A 65, 349, 1952).

        Raises
        ------
        UnphysicalFit
            If the crystal is not stable.
        """
        c, s = self.constants, self._compliances()
        voigt = (3 * _trace(c[:3, :3]) - c[:3, :3].sum() + 6 * _trace(c[3:, 3:])) / 30.0
        reuss = 15.0 / (6 * _trace(s[:3, :3]) - 2 * s[:3, :3].sum() + 3 * _trace(s[3:, 3:]))
        return _averages(voigt, reuss)

    def rotated(self, rotation: ArrayLike) -> ElasticTensor:
        """Return the tensor of a crystal turned by `rotation` (3, 3), which acts on columns."""
        r = np.asarray(rotation, dtype=np.float64)
        full = self.constants[_INDEX[:, :, None, None], _INDEX]
        turned = np.einsum("ia,jb,kc,ld,abcd->ijkl", r, r, r, r, full, optimize=True)
        i, j = np.transpose(VOIGT)
        return ElasticTensor(turned[i[:, None], j[:, None], i, j], self.asymmetry)

    def _compliances(self) -> Array:
        if not self.stable:
            raise UnphysicalFit(
                f"the crystal is not stable: an eigenvalue of its elastic constants is "
                f"{self.eigenvalues[0]:.3g} GPa"
            )
        return np.asarray(np.linalg.inv(self.constants), dtype=np.float64)


def elastic_constants(
    atoms: Atoms, relax: Callable[[Atoms], Relaxed], strain: float = 0.005
) -> ElasticTensor:
    """Strain a crystal by plus and minus `strain` along six directions, and read its stress.

    At rest these are the elastic constants. Under pressure they are the stress-strain
    coefficients of Wallace, which decide on stability and give K = -V dP/dV there (Wang, Li, Yip
    and Wolf, Phys. Rev. B 52, 12627, 1995).

    Parameters
    ----------
    atoms
        The crystal, its cell relaxed at least in shape.
    relax
        Relaxes the positions of one strained structure, such as ``lambda atoms:
        nearsight.mechanics.relax(atoms, calculator, Relaxation(moves="positions only"))``.
    strain
        The engineering strain.

    Raises
    ------
    UnphysicalFit
        If one of the twelve relaxations does not converge; with its status and reason.
    ValueError
        If the strain does not lie between 0 and 0.1.
    """
    return elastic_tensor([relax(strained) for strained in strained_twelve(atoms, strain)], strain)


def strained_twelve(atoms: Atoms, strain: float) -> list[Atoms]:
    """Strain a crystal by plus, then minus `strain`, along xx, yy, zz, yz, xz and xy.

    Raises
    ------
    ValueError
        If the strain does not lie between 0 and 0.1.
    """
    if not 0 < strain < 0.1:
        raise ValueError(f"strain: {strain:g} does not lie between 0 and 0.1")
    return [_strained(atoms, along, sign * strain) for along, sign in product(VOIGT, (1, -1))]


def elastic_tensor(relaxed: Sequence[Relaxed], strain: float) -> ElasticTensor:
    """Read the elastic constants from the relaxed structures of `strained_twelve`, in its order.

    Raises
    ------
    UnphysicalFit
        If one of the relaxations did not converge; with its status and reason.
    """
    stresses = np.reshape(
        [
            _stress(told, direction, sign * strain)
            for (direction, sign), told in zip(product(VOIGT, (1, -1)), relaxed, strict=True)
        ],
        (6, 2, 6),
    )
    raw = ((stresses[:, 0] - stresses[:, 1]) / (2.0 * strain)).T
    return ElasticTensor((raw + raw.T) / 2.0, float(np.abs(raw - raw.T).max()))


def _strained(atoms: Atoms, direction: tuple[int, int], strain: float) -> Atoms:
    deformation = np.eye(3)
    deformation[direction] += strain / 2.0
    deformation[direction[::-1]] += strain / 2.0
    strained = atoms.copy()
    strained.set_cell(atoms.cell @ deformation, scale_atoms=True)
    return strained


def _stress(told: Relaxed, direction: tuple[int, int], strain: float) -> Array:
    """Stress (6,) in GPa, in Voigt order, of a strained and relaxed crystal."""
    if told.stress is None:
        along = "".join("xyz"[axis] for axis in direction)
        raise UnphysicalFit(
            f"no elastic constants: the relaxation at a strain of {strain:+g} along {along} "
            f"{told.status}: {told.message}"
        )
    return np.asarray(told.stress[tuple(np.transpose(VOIGT))], dtype=np.float64)


def _trace(matrix: Array) -> float:
    return float(np.trace(matrix))


def _averages(voigt: float, reuss: float) -> Averages:
    return Averages(float(voigt), float(reuss), float(voigt + reuss) / 2.0)
