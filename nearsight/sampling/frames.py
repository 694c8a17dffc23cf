"""Frames for a data set: spread uniformly over volumes (paper, Section 4.1)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment


def uniform_in_volume(
    volumes: NDArray[np.float64], count: int, span: tuple[float, float]
) -> NDArray[np.int64]:
    """Choose frames whose volumes lie as evenly as possible over a range.

    Parameters
    ----------
    volumes
        (n_frames,) in Å³.
    count
        How many to choose.
    span
        Smallest and largest volume, Å³; frames outside are not chosen.

    Returns
    -------
    chosen
        (count,) indices into `volumes`, ascending: the assignment of frames to evenly spaced
        volumes with the least total distance.

    Raises
    ------
    ValueError
        If fewer than `count` frames lie in the range.
    """
    inside = np.flatnonzero((volumes >= span[0]) & (volumes <= span[1]))
    if len(inside) < count:
        raise ValueError(
            f"{count} frames were asked for, but only {len(inside)} of {len(volumes)} have a "
            f"volume between {span[0]:g} and {span[1]:g} Å³"
        )
    targets = np.linspace(*span, count)
    _, columns = linear_sum_assignment(np.abs(targets[:, None] - volumes[inside][None, :]))
    return np.sort(inside[columns])
