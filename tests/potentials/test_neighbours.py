from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.neighborlist import primitive_neighbor_list

from nearsight.potentials import neighbours
from nearsight.potentials.neighbours import Edges, Neighbours


def table(edges: Edges) -> np.ndarray:
    return np.column_stack([edges.pairs.T, edges.shifts])


def by_ase(atoms: Atoms, cutoff: float) -> np.ndarray:
    first, second, shifts = primitive_neighbor_list(
        "ijS", atoms.pbc, atoms.cell.complete().array, atoms.positions, cutoff
    )
    rows = np.column_stack([first, second, shifts]).astype(float)
    return rows[np.lexsort(rows.T[::-1])]


def walk(atoms: Atoms, steps: int, size: float, strain: float) -> list[Atoms]:
    """A random walk of atoms and, where there is one, cell."""
    rng = np.random.default_rng(0)
    frames = [atoms]
    for _ in range(steps):
        atoms = atoms.copy()
        deformation = np.eye(3) + rng.normal(0, strain, (3, 3))
        if atoms.pbc.all():
            atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
        atoms.positions += rng.normal(0, size, atoms.positions.shape)
        frames.append(atoms)
    return frames


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Cutoffs of the lists that were made."""
    cutoffs: list[float] = []
    within = neighbours._within

    def counting(atoms: Atoms, cutoff: float) -> Edges:
        cutoffs.append(cutoff)
        return within(atoms, cutoff)

    monkeypatch.setattr(neighbours, "_within", counting)
    return cutoffs


@pytest.mark.parametrize("kind", ["crystal", "small cell", "skew", "slab", "molecule"])
def test_along_a_walk_every_pair_is_found_in_order(kind: str, made: list[float]) -> None:
    skew = bulk("Cu").repeat((3, 3, 2))
    skew.set_cell(skew.cell.array @ [[1, 0.4, 0], [0, 1, 0.3], [0, 0, 1.2]], scale_atoms=True)
    start = {
        "crystal": bulk("Cu", cubic=True).repeat((3, 3, 3)),
        "small cell": bulk("ZrO2", "fluorite", a=5.1),
        "skew": skew,
        "slab": fcc111("Cu", (2, 2, 3), vacuum=4.0),
        "molecule": molecule("C60"),
    }[kind]
    start.positions += [30.0, -20.0, 9.0]
    found = Neighbours(cutoff=4.0, skin=0.8)
    frames = walk(start, steps=60, size=0.02, strain=0.002)
    for atoms in frames:
        np.testing.assert_array_equal(table(found.find(atoms)), by_ase(atoms, 4.0))
    assert made[0] == 4.0
    assert set(made[1:]) == {4.8}
    assert len(made) < len(frames) / 3


def test_what_is_found_does_not_depend_on_what_came_before() -> None:
    frames = walk(bulk("Cu", cubic=True).repeat((2, 2, 2)), steps=9, size=0.02, strain=0.001)
    found = Neighbours(cutoff=5.0)
    for atoms in frames:
        one, other = found.find(atoms), Neighbours(cutoff=5.0).find(atoms)
        assert (table(one) == table(other)).all()


def test_structures_that_are_no_walk_pay_for_no_skin(made: list[float]) -> None:
    found = Neighbours(cutoff=3.0, skin=0.5)
    far = bulk("Cu", cubic=True)
    far.positions[0] += 0.6
    other = bulk("Cu", cubic=True)
    other.symbols[0] = "Al"
    for atoms in (bulk("Cu", cubic=True), far, other, bulk("Cu"), molecule("H2O")):
        found.find(atoms)
    assert made == [3.0] * 5


def test_a_frame_may_come_twice_and_a_caller_may_move_its_atoms(made: list[float]) -> None:
    found, atoms = Neighbours(cutoff=3.0, skin=0.5), bulk("Cu", cubic=True)
    found.find(atoms)
    found.find(atoms)
    assert len(made) == 1
    atoms.positions[1] += 1.0
    np.testing.assert_array_equal(table(found.find(atoms)), by_ase(atoms, 3.0))


def test_a_lone_atom_has_no_neighbours() -> None:
    assert table(Neighbours(cutoff=3.0).find(Atoms("Zr"))).shape == (0, 5)
