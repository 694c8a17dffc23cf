"""Bulk modulus against how many defects there are, and how they are correlated (Section 4.5.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation
from numpy.typing import NDArray

from nearsight.figures.labels import label_points
from nearsight.figures.style import GREY, head, key, look, new_figure, tidy

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moduli:
    """A system, or an ensemble of configurations.

    Attributes
    ----------
    linkers
        (n_configurations,) fraction of the linkers that is missing.
    moduli
        (n_configurations,) in GPa.
    """

    linkers: Array
    moduli: Array


STEP = 0.022
"""Of c_linker: how far apart ensembles are drawn that hold the same."""


def modulus_disorder(
    systems: Mapping[str, Moduli], series: Sequence[Mapping[str, float]] = ()
) -> Figure:
    """Draw K against the linkers that are missing, and against the correlation length of defects.

    Parameters
    ----------
    systems
        By name. One with a single configuration is a point beside its name; one with several is
        their mean, with a bar of their standard deviation, over every configuration, faint. Those
        that hold the same stand side by side.
    series
        Correlation lengths in Å by name of ensembles that differ in nothing else; without them
        there is one panel.
    """
    figure = new_figure(7.0 if series else 4.4)
    top, *below = figure.subplots(
        1 + bool(series), 1, squeeze=False, height_ratios=[3, 2][: 1 + bool(series)]
    )[:, 0]
    looks = {name: look(k) for k, name in enumerate(systems)}
    ensembles = {name: told for name, told in systems.items() if len(told.moduli) > 1}
    alone = {name: told for name, told in systems.items() if len(told.moduli) == 1}
    tidy(top, grid="both")
    shifts = _side_by_side({name: float(told.linkers.mean()) for name, told in ensembles.items()})
    for name, told in ensembles.items():
        _ensemble(top, told.linkers + shifts[name], told.moduli, *looks[name])
    for name, told in alone.items():
        top.plot(told.linkers, told.moduli, looks[name][1], color=looks[name][0], markersize=6)
    top.set_xlabel("fraction of linkers missing, c$_\\mathrm{linker}$")
    for axes in below:
        _correlation(tidy(axes, grid="both"), ensembles, looks, series)
    for axes in figure.axes:
        axes.set_ylabel("bulk modulus K (GPa)")
        axes.margins(x=0.08, y=0.12)
        axes.set_ylim(bottom=0.0)
    head(figure, [key(name, *looks[name]) for name in ensembles])
    figure.draw_without_rendering()  # labels need to know where everything is
    others = [(told.linkers + shifts[name], told.moduli) for name, told in ensembles.items()]
    label_points(
        top,
        list(alone),
        np.array([(told.linkers[0], told.moduli[0]) for told in alone.values()]).reshape(-1, 2),
        np.hstack(others).T if others else np.empty((0, 2)),
    )
    return figure


def _side_by_side(places: Mapping[str, float]) -> dict[str, float]:
    """By how much to shift what stands at (nearly) the same place, so that all can be seen."""
    shifts = {}
    for name, place in places.items():
        near = [other for other, there in places.items() if abs(there - place) < STEP / 2]
        shifts[name] = STEP * (near.index(name) - (len(near) - 1) / 2)
    return shifts


def _ensemble(axes: Axes, x: Array, moduli: Array, colour: str, marker: str) -> None:
    """The mean with its spread, and left of it every configuration, faint."""
    left = ScaledTranslation(-5 / 72, 0, axes.figure.dpi_scale_trans)
    axes.plot(
        x,
        moduli,
        marker,
        color=colour,
        markersize=4,
        alpha=0.45,
        markeredgewidth=0,
        transform=axes.transData + left,
    )
    axes.errorbar(
        x.mean(),
        moduli.mean(),
        yerr=moduli.std(ddof=1),
        fmt=marker,
        color=colour,
        markersize=7,
        capsize=3,
        linewidth=1.4,
        zorder=3,
    )


def _correlation(
    axes: Axes,
    ensembles: Mapping[str, Moduli],
    looks: Mapping[str, tuple[str, str]],
    series: Sequence[Mapping[str, float]],
) -> None:
    for lengths in series:
        drawn = sorted((length, name) for name, length in lengths.items())
        means = [ensembles[name].moduli.mean() for _, name in drawn]
        axes.plot([length for length, _ in drawn], means, color=GREY, linewidth=1.0, zorder=1)
        for length, name in drawn:
            told = ensembles[name].moduli
            _ensemble(axes, np.full(len(told), length), told, *looks[name])
    axes.set_xlabel("correlation length of the defects (Å); 0: scattered")
