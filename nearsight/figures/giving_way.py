"""How a framework gives way: what turns, bends and shears along P(V) (paper, SI.9.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.style import (
    BLUE,
    GREY,
    MARKERS,
    ORANGE,
    PURPLE,
    SERIES,
    new_figure,
    plain_log,
    tidy,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """What happens along the path, by volume; all arrays start with n_points.

    Attributes
    ----------
    volumes
        (n_points,) in Å³.
    rotations, bends
        (n_points, n_bricks) and (n_points, n_linkers) in degrees.
    lengths
        (n_points, 3) a, b and c of the cell, Å.
    shear
        (n_points,) largest change of an angle of the cell, degrees.
    operations
        (n_points,) number of symmetry operations of the averaged structure.
    space_groups
        One symbol for each point.
    v_max
        Volume of the largest pressure, Å³, or None.
    """

    volumes: Array
    rotations: Array
    bends: Array
    lengths: Array
    shear: Array
    operations: NDArray[np.int64]
    space_groups: tuple[str, ...]
    v_max: float | None


def giving_way(way: Way) -> Figure:
    """Draw rotation of bricks, bends of linkers, shape of the cell and symmetry over volume."""
    order = np.argsort(way.volumes)
    v = way.volumes[order]
    figure = new_figure(6.4)
    (turn, bent), (shape, symmetry) = figure.subplots(2, 2, sharex=True)
    _spread(turn, v, way.rotations[order], BLUE, "rotation of bricks (°)")
    _spread(bent, v, way.bends[order], ORANGE, "bend of linkers (°)")
    for k, name in enumerate("abc"):
        tidy(shape, grid="both").plot(
            v, way.lengths[order, k], MARKERS[k], ls="-", markersize=4, color=SERIES[k], label=name
        )
    shape.set_ylabel("lengths of the cell (Å)")
    shape.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=8)
    angle = shape.twinx()
    angle.plot(v, way.shear[order], "D--", color=PURPLE, markersize=3, linewidth=1.0)
    angle.set_ylabel("shear of the cell (°)", color=PURPLE)
    angle.spines["top"].set_visible(False)
    tidy(symmetry, grid="both").plot(v, way.operations[order], "o-", color=GREY, markersize=4)
    symmetry.set_yscale("log")
    symmetry.set_ylim(0.7, 2.0 * way.operations.max(initial=1))
    plain_log(symmetry.yaxis)
    symmetry.set_ylabel("symmetry operations")
    last = ""
    for i in order:
        if way.space_groups[i] != last:
            last = way.space_groups[i]
            symmetry.annotate(
                last.partition(" ")[0],
                (way.volumes[i], way.operations[i]),
                xytext=(0, 6),
                textcoords="offset points",
                fontsize=8,
                ha="center",
            )
    for axes in (turn, bent, shape, symmetry):
        if way.v_max is not None:
            axes.axvline(way.v_max, color=GREY, linestyle=":", linewidth=1.2)
    for axes in (shape, symmetry):
        axes.set_xlabel("volume of the cell (Å³)")
    return figure


def _spread(axes: Axes, v: Array, values: Array, colour: str, label: str) -> None:
    """Mean over blocks, and from the least to the largest."""
    tidy(axes, grid="both").set_ylabel(label)
    if values.shape[1] == 0:
        axes.text(0.5, 0.5, "there are none", transform=axes.transAxes, ha="center", color=GREY)
        axes.set_yticks([])
        return
    axes.fill_between(v, values.min(axis=1), values.max(axis=1), color=colour, alpha=0.2)
    axes.plot(v, values.mean(axis=1), "o-", color=colour, markersize=4)
