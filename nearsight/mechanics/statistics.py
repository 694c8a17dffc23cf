"""Averages of what a walk measures, with the error that correlation leaves."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FEWEST_SAMPLES = 10
_STARTS = 50
_ROUNDS = 20


class Average(NamedTuple):
    """A mean over the equilibrated part of a series.

    Attributes
    ----------
    mean, error
        In the unit of the series; `error` is the standard error of the mean.
    inefficiency
        g = 1 + 2 tau: how many samples in a row count as one.
    start
        Index of the first sample that counts as equilibrated.
    effective
        Number of independent samples, (n_samples - start) / g.
    """

    mean: float
    error: float
    inefficiency: float
    start: int
    effective: float


def statistical_inefficiency(series: ArrayLike) -> float:
    """Return g = 1 + 2 tau of an evenly spaced series (n_samples,), at least 1.

    tau is the integrated autocorrelation time in samples, summed over the initial monotone
    sequence of pairs (Geyer, Stat. Sci. 7, 473, 1992). The mean that is taken off is that of the
    series itself, which makes samples seem less alike than they are by the variance of that mean;
    it is added again, until g agrees with itself.

    Raises
    ------
    ValueError
        If there are fewer than ten samples, or some are not finite.
    """
    x = _checked(series)
    return _inefficiency(x)


def average(series: ArrayLike) -> Average:
    """Average the equilibrated part of an evenly spaced series (n_samples,).

    The start is where the number of independent samples that remain is largest (Chodera, J. Chem.
    Theory Comput. 12, 1799, 2016): the earliest in the first half that leaves 90 % of the most,
    for what is left of a later one may be alike by chance.

    Raises
    ------
    ValueError
        If there are fewer than ten samples, or some are not finite.
    """
    x = _checked(series)
    stride = max(1, len(x) // _STARTS)
    starts = range(0, len(x) // 2 + 1, stride)
    inefficiencies = [_inefficiency(x[start:]) for start in starts]
    effective = [(len(x) - t) / g for t, g in zip(starts, inefficiencies, strict=True)]
    best = int(np.argmax(effective >= 0.9 * np.max(effective)))
    rest = x[starts[best] :]
    return Average(
        mean=float(rest.mean()),
        error=float(rest.std() / np.sqrt(max(effective[best] - 1.0, 0.5))),
        inefficiency=inefficiencies[best],
        start=starts[best],
        effective=effective[best],
    )


def block_errors(series: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    """Return block lengths (n_lengths,) and the standard error of the mean at each.

    Blocks of 1, 2, 4, ... samples, as long as eight of them remain. Where the errors level off is
    the error of the mean (Flyvbjerg and Petersen, J. Chem. Phys. 91, 461, 1989).

    Raises
    ------
    ValueError
        If there are fewer than ten samples, or some are not finite.
    """
    x = _checked(series)
    lengths = 2 ** np.arange(int(np.log2(len(x) // 8)) + 1)
    errors = []
    for length in lengths:
        n_blocks = len(x) // length
        means = x[: n_blocks * length].reshape(n_blocks, length).mean(axis=1)
        errors.append(means.std(ddof=1) / np.sqrt(n_blocks))
    return lengths.astype(np.int64), np.array(errors)


def _checked(series: ArrayLike) -> Array:
    x = np.asarray(series, dtype=np.float64)
    if x.ndim != 1 or len(x) < FEWEST_SAMPLES:
        raise ValueError(
            f"a series of shape {x.shape} is no list of at least {FEWEST_SAMPLES} samples"
        )
    if not np.isfinite(x).all():
        raise ValueError(f"{int((~np.isfinite(x)).sum())} of {len(x)} samples are not finite")
    return x


def _inefficiency(x: Array) -> float:
    n = len(x)
    away = x - x.mean()
    if not away.any():
        return 1.0
    spectrum = np.fft.rfft(away, 2 * n)
    covariance = np.fft.irfft(np.abs(spectrum) ** 2)[:n] / n
    g = 1.0
    for _ in range(_ROUNDS):
        of_mean = covariance[0] * g / (n - g)
        correlation = (covariance + of_mean) / (covariance[0] + of_mean)
        pairs = np.minimum.accumulate(correlation[: n - n % 2].reshape(-1, 2).sum(axis=1))
        pairs = pairs[: len(pairs) // 2]
        end = int(np.argmin(pairs > 0)) if (pairs <= 0).any() else len(pairs)
        last, g = g, float(np.clip(2.0 * pairs[:end].sum() - 1.0, 1.0, n / 2.0))
        if abs(g - last) < 1e-3 * g:
            break
    return g
