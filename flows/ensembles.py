"""Ensembles: configurations that differ in the seed of their disorder alone (Section 4.5.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.driven import with_error
from flows.squeezed import Squeezed
from nearsight.systems.defects import Concentrations

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ensemble:
    """Systems that differ in their seed at most; most often one alone.

    Attributes
    ----------
    name
        That of the systems, without the seed where they are several.
    configurations
        The systems.
    """

    name: str
    configurations: tuple[Squeezed, ...]

    @property
    def several(self) -> bool:
        """Whether it is more than a system alone."""
        return len(self.configurations) > 1

    @property
    def counted(self) -> list[Squeezed]:
        """Configurations that have a bulk modulus: all means are over these."""
        return [c for c in self.configurations if c.fits is not None]

    @property
    def moduli(self) -> Array:
        """(n_counted,) in GPa."""
        return np.array([c.fits.bulk_modulus.value for c in self.counted if c.fits])

    @property
    def volumes(self) -> Array:
        """(n_counted,) of the unit cell in Å³."""
        return np.array([c.fits.volume.value / c.system.cells for c in self.counted if c.fits])

    @property
    def compositions(self) -> list[Concentrations]:
        """Disorder of the configurations that count; empty where it cannot be told."""
        return [c.composition for c in self.counted if c.composition is not None]

    @property
    def composition(self) -> Concentrations | None:
        """Mean of `compositions`."""
        if not self.compositions:
            return None
        return Concentrations(*np.mean([_numbers(c) for c in self.compositions], axis=0).tolist())


def _numbers(composition: Concentrations) -> tuple[float, ...]:
    return (composition.hf, composition.brick, composition.linker, composition.coordination)


def spread(values: Array) -> float | None:
    """Standard deviation of a sample; None of fewer than two."""
    return float(values.std(ddof=1)) if len(values) > 1 else None


def error(values: Array) -> float | None:
    """Standard error of the mean of a sample; None of fewer than two."""
    deviation = spread(values)
    return None if deviation is None else deviation / float(np.sqrt(len(values)))


def ensembles_of(systems: Sequence[Squeezed]) -> list[Ensemble]:
    """Group systems that differ in their seed alone, in the order of the first of each."""
    groups: dict[Any, list[Squeezed]] = {}
    for squeezed in systems:
        groups.setdefault(squeezed.system.drawn(0), []).append(squeezed)
    return [
        Ensemble(group[0].system.ensemble if len(group) > 1 else group[0].rest.name, tuple(group))
        for group in groups.values()
    ]


def by_domain(ensembles: Sequence[Ensemble]) -> list[dict[str, float]]:
    """Series of ensembles that differ in nothing but the size of their domains: Å by name.

    An ensemble with fewer than two moduli, which has no spread, is in none.
    """
    series: dict[Any, dict[str, float]] = {}
    for ensemble in ensembles:
        system = ensemble.configurations[0].system.drawn(0)
        if len(ensemble.counted) > 1 and system.disorder is not None:
            scattered = system.disorder.model_copy(update={"domain": 0.0})
            alike = system.model_copy(update={"disorder": scattered})
            series.setdefault(alike, {})[ensemble.name] = system.disorder.domain
    return [found for found in series.values() if len(found) > 1]


def table_row(ensemble: Ensemble) -> dict[str, str]:
    """One ensemble's row."""
    composition, moduli = ensemble.composition, ensemble.moduli
    deviation = spread(moduli)
    return {
        "ensemble": ensemble.name,
        "counted": f"{len(moduli)} of {len(ensemble.configurations)}",
        "Hf, brick, linker": "" if composition is None else str(composition),
        "linkers a brick": "" if composition is None else f"{composition.coordination:.2f}",
        "V₀ (Å³)": _mean(ensemble.volumes),
        "K (GPa)": _mean(moduli),
        "spread (GPa)": "" if deviation is None else f"{deviation:.2g}",
    }


def _mean(values: Array) -> str:
    if not len(values):
        return ""
    deviation = error(values)
    return f"{values[0]:.4g}" if deviation is None else with_error(float(values.mean()), deviation)


def said(ensemble: Ensemble) -> list[str]:
    """What an ensemble says beyond its row."""
    name, n = ensemble.name, len(ensemble.configurations)
    left_out = n - len(ensemble.counted)
    told = []
    if left_out:
        told.append(
            f"{name}: {left_out} of {n} configurations gave no bulk modulus, left out of the "
            "means; the reasons follow."
        )
    for what, fraction in _VARY:
        values = [fraction(c) for c in ensemble.compositions]
        if values and max(values) - min(values) > SAME:
            told.append(
                f"{name}: its configurations do not hold the same: {what} {min(values):.3f} to "
                f"{max(values):.3f}."
            )
    return told


SAME = 0.005
"""Fractions that differ by less than this are one composition."""

_VARY: tuple[tuple[str, Callable[[Concentrations], float]], ...] = (
    ("fraction of Hf", lambda c: c.hf),
    ("bricks missing", lambda c: c.brick),
    ("linkers missing", lambda c: c.linker),
)


def numbers_of(ensemble: Ensemble) -> dict[str, Any]:
    """All that was found, as JSON can say it: moduli in GPa, volumes of the unit cell in Å³."""
    composition = ensemble.composition
    return {
        "ensemble": ensemble.name,
        "configurations": [c.rest.name for c in ensemble.configurations],
        "left_out": {
            c.rest.name: c.why_no_modulus for c in ensemble.configurations if c.fits is None
        },
        "composition": None if composition is None else vars(composition),
        "bulk_modulus": _statistics(ensemble.moduli),
        "volume": _statistics(ensemble.volumes),
    }


def _statistics(values: Array) -> dict[str, Any] | None:
    """Mean, sample standard deviation and standard error of the mean; None of no values."""
    if not len(values):
        return None
    return {
        "values": values.tolist(),
        "mean": float(values.mean()),
        "spread": spread(values),
        "error": error(values),
    }
