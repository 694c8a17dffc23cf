"""Does the model know what it does not know? Uncertainty against error (paper, Section 2.3)."""

from __future__ import annotations

import numpy as np
from ase.data import chemical_symbols
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray
from scipy.stats import spearmanr

from nearsight.figures.scale import is_wide, reach, ticks
from nearsight.figures.style import (
    BLACK,
    BLUE,
    GREY,
    MARKERS,
    VERMILLION,
    element_colour,
    new_figure,
    tidy,
)


def likelihood_error(
    uncertainty: NDArray[np.float64],
    errors: NDArray[np.float64],
    *,
    numbers: NDArray[np.int64] | None = None,
    threshold: float | None = None,
    label: str = "surprise, −log-likelihood (no unit)",
) -> Figure:
    """Draw uncertainty against true force error, atom by atom, with Spearman's rank correlation.

    Parameters
    ----------
    uncertainty
        (n,) uncertainty, larger is less certain; +inf for elements that the model never met
        (drawn as open triangles at the right-hand edge).
    errors
        (n,) magnitude of each atom's force error against the level of theory, meV/Å.
    numbers
        (n,) atomic numbers; colours points by element, with a rank correlation for each, because
        every element has a density of its own.
    threshold
        Uncertainty above which an atom counts as unknown.
    label
        What the uncertainty is, for the axis.
    """
    figure = new_figure(4.8)
    axes = tidy(figure.add_subplot(), grid="both")
    finite = np.isfinite(uncertainty)
    edge = _edge(uncertainty, threshold)
    x = np.where(finite, uncertainty, edge)
    y = np.maximum(errors, max(float(errors.max()) * 1e-6, 1e-6))

    groups = [(BLUE, "o", "atoms", np.ones(len(x), dtype=bool))]
    if numbers is not None:
        groups = [
            (
                "#9a9a9a" if number == 1 else element_colour(chemical_symbols[number]),
                MARKERS[k % len(MARKERS)],
                chemical_symbols[number],
                numbers == number,
            )
            for k, number in enumerate(np.unique(numbers))
        ]
    for colour, marker, name, mask in groups:
        inside = mask & finite
        axes.scatter(
            x[inside],
            y[inside],
            s=11,
            color=colour,
            marker=marker,
            linewidths=0,
            alpha=0.5,
            label=f"{name} {_rank_correlation(uncertainty[mask], errors[mask])}",
        )
        if (mask & ~finite).any():
            axes.scatter(
                x[mask & ~finite],
                y[mask & ~finite],
                s=30,
                facecolors="none",
                edgecolors=colour,
                marker=">",
                label=f"{name}, never met before",
                clip_on=False,
            )
    if threshold is not None:
        axes.axvline(threshold, color=VERMILLION, linewidth=1.4, linestyle="--", gid="threshold")
        axes.annotate(
            "unknown →",
            (threshold, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            textcoords="offset points",
            color=VERMILLION,
            va="top",
            fontsize=9,
        )
    if is_wide(uncertainty):
        axes.set_xscale("asinh", linear_width=reach(uncertainty))
        axes.set_xticks(ticks(uncertainty), minor=False)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlim(left=float(x.min()) - 0.5 * reach(uncertainty))
    axes.set_yscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("force error per atom (meV/Å)")
    axes.set_title(
        f"all atoms: {_rank_correlation(uncertainty, errors)}", loc="left", fontsize=10, color=BLACK
    )
    figure.legend(
        loc="outside lower center",
        ncols=3,
        frameon=False,
        fontsize=9,
        markerscale=1.8,
        handletextpad=0.2,
        columnspacing=1.0,
        labelcolor=BLACK,
        edgecolor=GREY,
    )
    return figure


def _edge(uncertainty: NDArray[np.float64], threshold: float | None) -> float:
    """Where infinite uncertainties are drawn: right of everything finite."""
    finite = uncertainty[np.isfinite(uncertainty)]
    known = np.append(finite, [0.0 if threshold is None else threshold])
    return float(known.max() + 0.05 * max(np.ptp(known), 1.0))


def _rank_correlation(uncertainty: NDArray[np.float64], errors: NDArray[np.float64]) -> str:
    if len(errors) < 3 or np.ptp(errors) == 0 or (uncertainty == uncertainty[0]).all():
        return f"(n = {len(errors)})"
    rho = float(spearmanr(uncertainty, errors).statistic)
    return f"Spearman ρ = {rho:.2f}"
