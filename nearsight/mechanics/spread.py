"""How much of an answer is the choice of an equation of state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from numpy.typing import ArrayLike

from nearsight.mechanics.eos import EquationOfState, fit_eos
from nearsight.mechanics.forms import Form
from nearsight.mechanics.points import UnphysicalFit


class Estimate(NamedTuple):
    """A number and its two errors, all in one unit."""

    value: float
    fit_error: float
    form_error: float


@dataclass(frozen=True)
class FormSpread:
    """What several equations say of the same points.

    Attributes
    ----------
    fits
        The physical fits, the one with the smallest residual first.
    refused
        Form and reason of those that are not.
    volume, bulk_modulus, bulk_modulus_derivative
        V0 in Å³, K in GPa and K' of the first fit; the error of that fit; and the largest
        distance to another fit, 0 where there is no other.
    """

    fits: tuple[EquationOfState, ...]
    refused: dict[Form, str]

    @property
    def volume(self) -> Estimate:
        return self._estimate("volume")

    @property
    def bulk_modulus(self) -> Estimate:
        return self._estimate("bulk_modulus")

    @property
    def bulk_modulus_derivative(self) -> Estimate:
        return self._estimate("bulk_modulus_derivative")

    def _estimate(self, name: str) -> Estimate:
        values = [float(getattr(fit, name)) for fit in self.fits]
        return Estimate(
            value=values[0],
            fit_error=float(getattr(self.fits[0], f"{name}_error")),
            form_error=max(abs(value - values[0]) for value in values),
        )


def spread_over_forms(
    volumes: ArrayLike,
    energies: ArrayLike,
    forms: Sequence[Form] = ("birch-murnaghan", "vinet", "polynomial"),
) -> FormSpread:
    """Fit several equations of state to the same points: (n_points,) in Å³ and in eV.

    Raises
    ------
    UnphysicalFit
        If no form fits; with the reason of the first.
    """
    fits: list[EquationOfState] = []
    refused: dict[Form, str] = {}
    for form in forms:
        try:
            fits.append(fit_eos(volumes, energies, form))
        except UnphysicalFit as error:
            refused[form] = str(error)
    if not fits:
        raise UnphysicalFit(next(iter(refused.values())))
    return FormSpread(tuple(sorted(fits, key=lambda fit: fit.rms_residual)), refused)
