from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import fcc111, molecule

from nearsight.potentials.graph import UnknownElement, add_label, to_graph
from nearsight.references import Label


def distances(atoms: Atoms, cutoff: float) -> list[float]:
    """All distances below the cutoff, by looking at every image there can be."""
    atoms = atoms.copy()
    atoms.wrap()
    images = [range(-4, 5) if periodic else (0,) for periodic in atoms.pbc]
    found = []
    for image in product(*images):
        shifted = atoms.positions + np.array(image) @ atoms.cell.array
        gaps = np.linalg.norm(shifted[None] - atoms.positions[:, None], axis=-1)
        found.extend(gaps[(gaps < cutoff) & (gaps > 1e-9)])
    return sorted(found)


@pytest.mark.parametrize("kind", ["molecule", "crystal", "slab", "far outside its cell"])
def test_neighbours_are_those_within_the_cutoff(kind: str, zirconia: Atoms) -> None:
    atoms = {
        "molecule": molecule("C6H6"),
        "crystal": zirconia,
        "slab": fcc111("Cu", (1, 1, 3), vacuum=3.0),
        "far outside its cell": zirconia.copy(),
    }[kind]
    if kind.startswith("far"):
        atoms.positions += [[30, -20, 9], [0, 0, 0], [-70, 5, 5]]
    elements = sorted(set(atoms.symbols))
    graph = to_graph(atoms, elements, r_max=5.0)
    i, j = graph["edge_index"].numpy()
    shift = graph["edge_cell_shift"].numpy() @ graph["cell"].numpy()[0]
    vectors = atoms.positions[j] + shift - atoms.positions[i]
    found = np.sort(np.linalg.norm(vectors, axis=1))
    np.testing.assert_allclose(found, distances(atoms, 5.0), atol=1e-9)


def test_types_follow_the_order_of_the_elements() -> None:
    graph = to_graph(molecule("CH3OH"), ("O", "H", "C"), 3.0)
    assert graph["atom_types"].tolist() == [2, 0, 1, 1, 1, 1]


def test_an_element_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownElement, match=r"^C, O is not among .*\(H, Zr\)"):
        to_graph(molecule("CH3OH"), ("H", "Zr"), 3.0)


def test_the_box_around_a_molecule_means_nothing() -> None:
    bare, boxed = molecule("H2O"), molecule("H2O", vacuum=5.0)
    boxed.positions = bare.positions
    one, other = (to_graph(atoms, ("H", "O"), 3.0) for atoms in (bare, boxed))
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_a_graph_is_a_copy_in_double_precision(zirconia: Atoms) -> None:
    atoms = zirconia.copy()
    torch.set_default_dtype(torch.float32)
    try:
        graph = to_graph(atoms, ("O", "Zr"), 3.0)
    finally:
        torch.set_default_dtype(torch.float64)
    atoms.positions[:] = 0
    np.testing.assert_array_equal(graph["pos"], zirconia.positions)
    np.testing.assert_array_equal(graph["cell"][0], zirconia.cell.array)


def converged(n: int, stress: np.ndarray | None) -> Label:
    return Label("converged", -1.5, np.ones((n, 3)), stress, 0.0)


def test_a_label_becomes_targets(zirconia: Atoms) -> None:
    stress = np.arange(9.0).reshape(3, 3)
    graph = add_label(to_graph(zirconia, ("O", "Zr"), 3.0), converged(3, stress))
    assert graph["total_energy"].tolist() == [[-1.5]]
    assert graph["forces"].shape == (3, 3)
    np.testing.assert_array_equal(graph["stress"], stress[None])


def test_stress_that_is_not_there_is_masked(zirconia: Atoms) -> None:
    without = add_label(to_graph(zirconia, ("O", "Zr"), 3.0), converged(3, None))
    assert without["stress"].isnan().all()
    water = to_graph(molecule("H2O"), ("H", "O"), 3.0)
    assert add_label(water, converged(3, np.eye(3)))["stress"].isnan().all()


@pytest.mark.parametrize(
    "label",
    [
        Label("crashed", None, None, None, 1.0),
        Label("unconverged", -1.0, np.zeros((3, 3)), None, 1.0),
    ],
)
def test_failed_labels_are_refused(label: Label) -> None:
    with pytest.raises(ValueError, match=label.status):
        add_label(to_graph(molecule("H2O"), ("H", "O"), 3.0), label)
