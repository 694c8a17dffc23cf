"""Labels beside points, placed so that they cover neither points nor one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from nearsight.figures.style import GREY

OFFSETS = tuple(
    (distance * np.cos(np.radians(angle)), distance * np.sin(np.radians(angle)))
    for distance in (7.0, 14.0, 24.0, 36.0)
    for angle in (0, 180, 90, 270, 35, 325, 145, 215)
)
"""Places for a label around its point, in pt; those tried first come first."""

LED = 10.0
"""pt; labels that are farther away than this have a line to their point."""


def label_points(
    axes: Axes,
    names: Sequence[str],
    points: NDArray[np.float64],
    others: NDArray[np.float64],
) -> None:
    """Write a name beside every point, on axes whose limits and layout are final.

    Parameters
    ----------
    points
        (n_names, 2) in the units of the axes.
    others
        (n_others, 2) more points that no label may cover.
    """
    taken = [
        Bbox.from_bounds(x - 6, y - 6, 12, 12)
        for x, y in axes.transData.transform(np.vstack([points, others]))
    ]
    inside = axes.get_window_extent()
    for name, point in zip(names, points, strict=True):
        text = axes.annotate(name, point, xytext=(0, 0), textcoords="offset points", fontsize=8.5)
        for x, y in OFFSETS:
            text.set(
                position=(x, y),
                ha="center" if abs(x) < 1 else "left" if x > 0 else "right",
                va="center" if abs(y) < 1 else "bottom" if y > 0 else "top",
            )
            box = text.get_window_extent()
            if box.count_overlaps(taken) == 0 and _within(box, inside):
                break
        taken.append(box)
        if np.hypot(x, y) > LED:
            axes.annotate(
                "",
                point,
                xytext=(x, y),
                textcoords="offset points",
                arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7},
            )


def _within(box: Bbox, frame: Bbox) -> bool:
    return bool(
        frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    )
