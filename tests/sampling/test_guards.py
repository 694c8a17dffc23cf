from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk, molecule

from nearsight.potentials.base import Prediction
from nearsight.sampling.base import WalkSpec
from nearsight.sampling.guards import Guards

ATOMS = bulk("Cu", cubic=True).repeat((2, 2, 2))
GUARDS = Guards(WalkSpec(), ATOMS)


def predicted(energy: float = 0.0, worst: float = 0.0) -> Prediction:
    forces = np.zeros((len(ATOMS), 3))
    forces[12, 1] = worst
    return Prediction(energy, forces, np.zeros((3, 3)), np.zeros((len(ATOMS), 1)))


def test_a_sane_frame_passes() -> None:
    assert GUARDS.geometry(ATOMS.positions, ATOMS.cell.array, 600.0) == ""
    assert GUARDS.prediction(predicted(worst=49.0)) == ""


@pytest.mark.parametrize(
    ("prediction", "why"),
    [
        (predicted(energy=np.nan), "energy is not finite"),
        (predicted(worst=np.inf), "force is not finite on atom 12 (Cu)"),
        (predicted(worst=-83.0), "force 83 eV/Å on atom 12 (Cu)"),
    ],
)
def test_bad_predictions(prediction: Prediction, why: str) -> None:
    assert GUARDS.prediction(prediction) == why


@pytest.mark.parametrize(
    ("scale", "temperature", "why"),
    [
        (1.0, 2401.0, "kinetic temperature 2401 K, above 2400 K"),
        (1.0, np.nan, "kinetic temperature nan K, above 2400 K"),
        (0.9, 600.0, "volume 0.729 of the start, outside 0.8 to 1.25"),
        (1.1, 600.0, "volume 1.331 of the start, outside 0.8 to 1.25"),
        (np.inf, 600.0, "positions or cell are not finite"),
    ],
)
def test_bad_geometry(scale: float, temperature: float, why: str) -> None:
    with np.errstate(invalid="ignore"):
        cell, positions = ATOMS.cell.array * scale, ATOMS.positions * scale
    assert GUARDS.geometry(positions, cell, temperature) == why


def test_atoms_that_overlap_across_the_boundary() -> None:
    positions = ATOMS.positions.copy()
    positions[5] = positions[0] + ATOMS.cell.array[0] - [0.7, 0.0, 0.0]
    why = GUARDS.geometry(positions, ATOMS.cell.array, 600.0)
    assert why == "atom 0 (Cu) and atom 5 (Cu) are 0.70 Å apart"


def test_bonds_to_hydrogen_are_no_overlap() -> None:
    water = molecule("H2O", cell=[8.0, 8.0, 8.0], pbc=True)
    guards = Guards(WalkSpec(), water)
    assert guards.geometry(water.positions, water.cell.array, 600.0) == ""


def test_a_broken_bond_is_seen_across_the_boundary() -> None:
    water = molecule("H2O", cell=[8.0, 8.0, 8.0], pbc=True)
    water.translate([0.0, -water.positions[1, 1], 0.0])
    water.wrap()  # the oxygen and one hydrogen end up on either side of the boundary
    strained, broken = water.positions.copy(), water.positions.copy()
    direction = water.get_distance(0, 1, mic=True, vector=True) / water.get_distance(0, 1, mic=True)
    strained[1] += 0.4 * direction
    broken[1] += 0.6 * direction
    guards = Guards(WalkSpec(), water)
    assert guards.geometry(strained, water.cell.array, 600.0) == ""
    assert (
        guards.geometry(broken, water.cell.array, 600.0)
        == "atom 0 (O) and atom 1 (H) are 1.57 Å apart"
    )
    tolerant = Guards(WalkSpec(max_bond_ratio=100), water)
    assert tolerant.geometry(broken, water.cell.array, 600.0) == ""


def test_a_bond_that_forms_is_seen() -> None:
    donor, acceptor = (molecule("H2O", cell=[12.0, 12.0, 12.0], pbc=True) for _ in range(2))
    donor.positions -= donor.positions[0]
    along = donor.positions[1] / np.linalg.norm(donor.positions[1])
    acceptor.positions -= acceptor.positions[0]
    acceptor.rotate(acceptor.positions[1:].sum(axis=0), along)  # its hydrogens point away
    acceptor.positions += donor.positions[1] + 1.8 * along
    bonded = donor + acceptor
    close, shared = bonded.positions.copy(), bonded.positions.copy()
    close[3:] -= 0.6 * along
    shared[3:] -= 0.8 * along
    guards = Guards(WalkSpec(), bonded)
    assert guards.geometry(close, bonded.cell.array, 600.0) == ""
    assert (
        guards.geometry(shared, bonded.cell.array, 600.0)
        == "atom 1 (H) and atom 3 (O) are 1.00 Å apart"
    )
    tolerant = Guards(WalkSpec(min_contact_ratio=0.0), bonded)
    assert tolerant.geometry(shared, bonded.cell.array, 600.0) == ""


def test_bonds_that_cannot_be_told_are_refused() -> None:
    water = molecule("H2O", cell=[8.0, 8.0, 8.0], pbc=True)
    water.positions[1] = water.positions[0] + [0.1, 0.0, 0.0]
    with pytest.raises(ValueError, match=r"atom 0 \(O\) and atom 1 \(H\) overlap"):
        Guards(WalkSpec(), water)
