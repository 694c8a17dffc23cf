"""Balls and sticks on paper: orthographic, sorted by depth, one artist for all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Patch, Polygon
from numpy.typing import NDArray

from nearsight.figures.style import GREY, VERMILLION, element_colour

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BALL = 0.48
"""Drawn radius of an atom over its covalent radius."""

_STICK = 0.12  # half width of a bond in Å
_METALLIC = 1.3  # Å; two atoms with larger covalent radii are not joined by a stick
_STRETCH = 0.3  # Å; bonds on the way through a hot walk are longer than their covalent radii say


def near_bonds(atoms: Atoms) -> tuple[IntArray, IntArray, FloatArray]:
    """Return bonds found by distance, for the eye only: each one twice, once from either end.

    Metals are not joined with one another.

    Returns
    -------
    first, second
        (2 n_bonds,) atoms.
    vectors
        (2 n_bonds, 3) in Å, from the first to the nearest image of the second.
    """
    radii = covalent_radii[atoms.numbers]
    i, j, vectors = neighbor_list("ijD", atoms, radii + _STRETCH / 2)
    keep = ~((radii[i] > _METALLIC) & (radii[j] > _METALLIC))
    return i[keep].astype(np.int64), j[keep].astype(np.int64), vectors[keep]


def cell_edges(atoms: Atoms) -> FloatArray:
    """Return the cell's 12 edges, (12, 2, 3) in Å; (0, 2, 3) where there is no cell."""
    if atoms.cell.rank < 3:
        return np.empty((0, 2, 3))
    corners = np.array(list(np.ndindex(2, 2, 2)), dtype=float)
    pairs = [(a, b) for a in range(8) for b in range(a) if abs(corners[a] - corners[b]).sum() == 1]
    edges: FloatArray = (corners @ atoms.cell.array)[np.array(pairs)]
    return edges


def tilt(x: float, y: float) -> FloatArray:
    """Rotation (3, 3) about the y axis and then the x axis, in degrees; use as positions @ it.T."""
    a, b = np.deg2rad([x, y])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rotation: FloatArray = about_x @ about_y
    return rotation


def broadside(positions: FloatArray) -> FloatArray:
    """Rotation (3, 3) that shows `positions` (n, 3) at their widest, a little tilted."""
    _, _, axes = np.linalg.svd(positions - positions.mean(axis=0), full_matrices=False)
    axes[2] = np.cross(axes[0], axes[1])
    rotation: FloatArray = tilt(12, 18) @ axes
    return rotation


def draw(
    axes: Axes,
    atoms: Atoms,
    colours: Sequence[str] | FloatArray,
    rotation: FloatArray,
    ringed: NDArray[np.bool_] | None = None,
    raised: NDArray[np.bool_] | None = None,
) -> None:
    """Draw `atoms` on `axes`, 1 Å to the same length in x and y, the reader looking along -z.

    Parameters
    ----------
    colours
        One for each atom: names, or RGBA (n_atoms, 4).
    rotation
        (3, 3), positions @ rotation.T are in the plane of the paper and towards the reader.
    ringed
        (n_atoms,), atoms that get a ring on top of everything.
    raised
        (n_atoms,), atoms that nothing else may hide.
    """
    fill = np.array([to_rgba(colour) for colour in colours])
    positions = atoms.positions @ rotation.T
    radii = BALL * covalent_radii[atoms.numbers]

    owners, _, vectors = near_bonds(atoms)
    halves = vectors @ rotation.T / 2
    starts, ends = positions[owners], positions[owners] + halves
    along = halves[:, :2] / np.maximum(np.linalg.norm(halves[:, :2], axis=1), 1e-9)[:, None]
    across = _STICK * np.stack([-along[:, 1], along[:, 0]], axis=1)
    sticks = np.stack(
        [
            starts[:, :2] + across,
            ends[:, :2] + across,
            ends[:, :2] - across,
            starts[:, :2] - across,
        ],
        axis=1,
    )
    height = positions[:, 2] if raised is None else positions[:, 2] + np.where(raised, 1e6, 0.0)
    # a stick just behind its own atom
    depth = np.concatenate([height, height[owners] - 1e-3])
    patches: list[Patch] = [
        Circle((x, y), r) for (x, y, _), r in zip(positions, radii, strict=True)
    ]
    patches += [Polygon(corners, closed=True) for corners in sticks]
    fills = np.concatenate([fill, fill[owners]])
    edges = np.concatenate([np.tile(to_rgba("#333333"), (len(atoms), 1)), fill[owners]])
    edges[:, 3] = fills[:, 3]
    widths = np.concatenate([np.full(len(atoms), 0.35), np.zeros(len(owners))])
    order = np.argsort(depth, kind="stable")
    axes.add_collection(
        PatchCollection(
            [patches[k] for k in order],
            facecolors=fills[order],
            edgecolors=edges[order],
            linewidths=widths[order],
            gid="atoms and bonds",
        )
    )
    frame = cell_edges(atoms) @ rotation.T
    if len(frame):
        axes.add_collection(
            LineCollection(list(frame[:, :, :2]), colors=GREY, linewidths=0.9, zorder=0, gid="cell")
        )
    if ringed is not None and ringed.any():
        axes.add_collection(
            PatchCollection(
                [
                    Circle((positions[k, 0], positions[k, 1]), radii[k] + 0.25)
                    for k in np.flatnonzero(ringed)
                ],
                facecolors="none",
                edgecolors=VERMILLION,
                linewidths=1.1,
                zorder=3,
                gid="unknown",
            )
        )
    points = np.concatenate([positions[:, :2], frame[:, :, :2].reshape(-1, 2)])
    low, high = points.min(axis=0) - 1.2, points.max(axis=0) + 1.2
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    axes.set_axis_off()
    _ruler(axes, low)


def _ruler(axes: Axes, corner: FloatArray) -> None:
    """A bar of 5 Å in the lower left corner, because the axes themselves are hidden."""
    x, y = corner + 0.3
    axes.plot([x, x + 5], [y, y], color="black", linewidth=2, solid_capstyle="butt", gid="ruler")
    axes.text(x + 2.5, y + 0.25, "5 Å", ha="center", va="bottom", fontsize=9)


def element_handles(atoms: Atoms) -> list[Line2D]:
    """Legend entries for the elements of `atoms`, heaviest first."""
    numbers, first = np.unique(atoms.numbers, return_index=True)
    symbols = [atoms.get_chemical_symbols()[k] for k in first[np.argsort(-numbers)]]
    return [dot(element_colour(symbol), symbol) for symbol in symbols]


def dot(colour: str, label: str) -> Line2D:
    """A legend entry that looks like an atom."""
    return Line2D(
        [],
        [],
        linestyle="",
        marker="o",
        markersize=8,
        color=colour,
        markeredgecolor="#333333",
        markeredgewidth=0.5,
        label=label,
    )
