"""Feature space of one element on its two largest principal components (paper, Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nearsight.figures.chemistry import COMMON_NAMES
from nearsight.figures.style import MARKERS, SERIES, VERMILLION, new_figure, tidy


@dataclass(frozen=True)
class Plane:
    """The two largest principal components of some features.

    Attributes
    ----------
    mean
        (n_features,)
    components
        (2, n_features), of length 1.
    shares
        Of the variance, in percent.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    shares: tuple[float, float]

    def project(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, 2) coordinates of features (n, n_features)."""
        flat: NDArray[np.float64] = (features - self.mean) @ self.components.T
        return flat


def principal_plane(features: NDArray[np.float64]) -> Plane:
    """Return the principal components of features (n, n_features), at least (3, 2)."""
    if len(features) < 3 or features.shape[1] < 2:
        raise ValueError("two principal components need at least 3 atoms and 2 features")
    mean = features.mean(axis=0)
    _, singular, axes_of_space = np.linalg.svd(features - mean, full_matrices=False)
    share = 100 * singular**2 / max(float((singular**2).sum()), 1e-300)
    # the sign of a component is free: fix it, so that the picture does not flip between cycles
    components = axes_of_space[:2]
    largest = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(2), largest])[:, None]
    return Plane(mean, components, (float(share[0]), float(share[1])))


def scatter(axes: Axes, flat: NDArray[np.float64], types: NDArray[np.str_]) -> None:
    """Draw points (n, 2) coloured by their types (n,)."""
    for k, kind in enumerate(np.unique(types)):
        here = flat[types == kind]
        axes.scatter(
            here[:, 0],
            here[:, 1],
            s=12,
            color=SERIES[k % len(SERIES)],
            marker=MARKERS[k % len(MARKERS)],
            linewidths=0,
            alpha=0.6,
            label=f"{told(str(kind))} ({len(here)})",
        )


def scatter_new(axes: Axes, flat: NDArray[np.float64], label: str) -> None:
    """Draw points (n, 2) that the training set lacks, on top of all others."""
    axes.scatter(
        flat[:, 0],
        flat[:, 1],
        s=26,
        color=VERMILLION,
        marker="D",
        edgecolors="black",
        linewidths=0.4,
        label=label,
        gid="new",
        zorder=3,
    )


def told(kind: str) -> str:
    """An atom type with its common name, where it has one."""
    return f"{kind} {COMMON_NAMES.get(kind, '')}".strip()


def feature_space(
    train_features: NDArray[np.float64],
    train_types: NDArray[np.str_],
    new_features: NDArray[np.float64] | None = None,
    *,
    new_label: str = "new, unknown environments",
    element: str = "C",
    max_points: int = 5000,
    seed: int = 0,
) -> Figure:
    """Draw what the model sees of one element: training environments, new ones on top.

    The principal components are those of the training features alone, so that new environments
    are seen with the eyes of the training set.

    Parameters
    ----------
    train_features
        (n_train, n_features) features of the training atoms of `element` (no unit).
    train_types
        (n_train,) chemical type of each, see `atom_types`.
    new_features
        (n_new, n_features) features of environments from exploration; drawn in vermillion.
    new_label
        What the new environments are, for the legend.
    element
        Chemical symbol, for the axes.
    max_points
        At most so many training points are drawn (drawn by lot with `seed`); all of them
        define the components.
    """
    plane = principal_plane(train_features)
    figure = new_figure(4.8)
    axes = tidy(figure.add_subplot(), grid="both")
    shown = np.arange(len(train_features))
    if len(shown) > max_points:
        shown = np.random.default_rng(seed).choice(shown, max_points, replace=False)
    scatter(axes, plane.project(train_features[shown]), train_types[shown])
    if new_features is not None and len(new_features):
        scatter_new(axes, plane.project(new_features), f"{new_label} ({len(new_features)})")
    first, second = plane.shares
    axes.set_xlabel(f"principal component 1 of {element} features ({first:.0f} % of variance)")
    axes.set_ylabel(f"principal component 2 ({second:.0f} %)")
    figure.legend(
        loc="outside lower center",
        ncols=2,
        frameon=False,
        fontsize=9,
        markerscale=1.5,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    return figure
