"""How well an uncertainty foretells errors: what any method is judged by (paper, SI.7)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Verdict(NamedTuple):
    """What flagging atoms as unknown was worth.

    Attributes
    ----------
    flagged
        Share of all atoms that was flagged.
    recall
        Share of the worst atoms that was flagged.
    precision
        Share of the flagged atoms that are among the worst; nan where none was flagged.
    false_alarms
        Share of the flagged atoms whose error is below the median; nan where none was flagged.
    """

    flagged: float
    recall: float
    precision: float
    false_alarms: float


def most(values: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    """Mask of the largest of `values` (n,): this share of them, and one at least.

    Of equal values the first ones count.

    Raises
    ------
    ValueError
        If there are none, or the share is not in (0, 1].
    """
    if len(values) == 0 or not 0.0 < share <= 1.0:
        raise ValueError(f"a share of {share} of {len(values)} atoms is no atom")
    count = max(1, round(share * len(values)))
    mask = np.zeros(len(values), dtype=bool)
    mask[np.argsort(-values, kind="stable")[:count]] = True
    return mask


def judge(flagged: NDArray[np.bool_], errors: NDArray[np.float64], share: float = 0.05) -> Verdict:
    """Judge the atoms that were flagged (n,) by the true force errors (n,) of all.

    The worst are the `share` of atoms with the largest errors.
    """
    worst = most(errors, share)
    told = [flagged.mean(), flagged[worst].mean(), np.nan, np.nan]
    if flagged.any():
        told[2:] = worst[flagged].mean(), (errors[flagged] < np.median(errors)).mean()
    return Verdict(*map(float, told))


def rank_correlation(surprise: NDArray[np.float64], errors: NDArray[np.float64]) -> float:
    """Spearman's ρ between surprise (n,) and error (n,); nan where one of them does not vary."""
    from scipy.stats import spearmanr

    if len(errors) < 2 or np.ptp(surprise) == 0 or np.ptp(errors) == 0:
        return float("nan")
    return float(spearmanr(surprise, errors).statistic)


def recall_curve(
    surprise: NDArray[np.float64], errors: NDArray[np.float64], share: float = 0.05
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall of the worst atoms against the share of atoms flagged, the most surprising first.

    Returns
    -------
    flagged, recall
        (n,) each; both end at 1.
    """
    worst = most(errors, share)
    found = np.cumsum(worst[np.argsort(-surprise, kind="stable")])
    return np.arange(1, len(errors) + 1) / len(errors), found / found[-1]
