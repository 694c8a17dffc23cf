"""Pristine UiO-66: fcc lattice of Zr6O4(OH)4 bricks joined by BDC linkers (paper, Section 4).

UiO-67 is the same net with linkers of two rings.
"""

from __future__ import annotations

import numpy as np
from ase import Atoms
from numpy.typing import NDArray

LATTICE_CONSTANT = 20.87
"""Edge of the conventional cubic cell in Å: the paper's relaxed cell (PBE-D3)."""

# Distances in Å. Brick: metal on the octahedron's axes, mu3-O and mu3-OH on alternating cube
# diagonals.
METAL_RADIUS = 2.53
MU3_O = 1.05
MU3_OH = 1.42
O_H = 0.97
# Linker, along its axis from its centre and across it.
RING_RADIUS = 1.40
C_H = 1.09
RING_TO_CARBOXYLATE = 1.495
RING_TO_RING = 4.285  # centre to centre, 1.485 between the carbons
TWIST = np.deg2rad(17.0)  # of either ring of a biphenyl out of the plane of its carboxylates
C_O = 1.28
O_C_O = np.deg2rad(126.0)

_DIAGONALS = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], dtype=float)


def brick(metal: str = "Zr") -> Atoms:
    """Inorganic brick M6O4(OH)4 around the origin, without its carboxylates (18 atoms)."""
    axes = np.vstack([np.eye(3), -np.eye(3)])
    hydroxyl = -_DIAGONALS
    positions = np.vstack(
        [
            METAL_RADIUS * axes,
            MU3_O * _DIAGONALS,
            MU3_OH * hydroxyl,
            (MU3_OH + O_H / np.sqrt(3)) * hydroxyl,
        ]
    )
    return Atoms([metal] * 6 + ["O"] * 8 + ["H"] * 4, positions=positions)


def linker(axis: NDArray[np.float64], rings: int = 1) -> Atoms:
    """Dicarboxylate of para-phenylene rings around the origin, its C-C axis along `axis` (3,).

    One ring makes terephthalate C8H4O4 (16 atoms), two make biphenyl-4,4'-dicarboxylate C14H8O4.
    The O...O direction lies in the plane of the metal atoms that it binds: for an fcc neighbour
    vector such as (1, 1, 0) this is (1, -1, 0), and the plane of a single ring holds it.
    """
    along = axis / np.linalg.norm(axis)
    across = np.where(np.abs(axis) > 1e-9, axis, 0.0)
    first, second = np.flatnonzero(across)
    side = np.zeros(3)
    side[first], side[second] = along[first], -along[second]
    symbols: list[str] = []
    positions: list[NDArray[np.float64]] = []
    for place in np.arange(rings) - (rings - 1) / 2:
        twist = 2 * place * TWIST
        plane = np.cos(twist) * side + np.sin(twist) * np.cross(along, side)
        centre = place * RING_TO_RING * along
        for angle in np.deg2rad(np.arange(0, 360, 60)):
            direction = np.cos(angle) * along + np.sin(angle) * plane
            symbols.append("C")
            positions.append(centre + RING_RADIUS * direction)
            if not np.isclose(np.sin(angle), 0.0):
                symbols.append("H")
                positions.append(centre + (RING_RADIUS + C_H) * direction)
    reach = (rings - 1) / 2 * RING_TO_RING + RING_RADIUS + RING_TO_CARBOXYLATE
    for sign in (1.0, -1.0):
        carbon = sign * reach * along
        symbols.append("C")
        positions.append(carbon)
        for half in (O_C_O / 2, -O_C_O / 2):
            symbols.append("O")
            positions.append(carbon + C_O * (sign * np.cos(half) * along + np.sin(half) * side))
    return Atoms(symbols, positions=np.array(positions))


def pristine(metal: str = "Zr", rings: int = 1) -> Atoms:
    """Conventional cell of UiO-66: 4 bricks, 24 linkers, 456 atoms (C192H112O128M24).

    With linkers of two rings it is that of UiO-67: 696 atoms (C336H208O128M24).
    """
    a = LATTICE_CONSTANT + (rings - 1) * np.sqrt(2) * RING_TO_RING
    atoms = Atoms(cell=[a, a, a], pbc=True)
    nodes = a / 2 * np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], dtype=float)
    half = [v for v in np.ndindex(3, 3, 3) if sorted(abs(np.array(v) - 1)) == [0, 1, 1]]
    # each linker belongs to the neighbour pair (node, node + v); one of v, -v is enough
    vectors = np.array([np.array(v) - 1.0 for v in half if v < tuple(2 - np.array(v))]) * a / 2
    for node in nodes:
        unit = brick(metal)
        unit.positions += node
        atoms += unit
    for node in nodes:
        for vector in vectors:
            unit = linker(vector, rings)
            unit.positions += node + vector / 2
            atoms += unit
    atoms.wrap()
    return atoms
