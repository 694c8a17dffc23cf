"""What a divided structure gives is what the whole one does, to float precision."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from scipy.spatial.transform import Rotation

from nearsight.potentials import Architecture, NequIP, Prediction
from nearsight.potentials.domains import Divided, divide
from nearsight.potentials.initial import untrained
from nearsight.potentials.nequip import predictions
from nearsight.systems import System, build

Bound = Callable[[int], None]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> Bound:
    """Sets how many pairs go through the network together."""
    return lambda pairs: monkeypatch.setattr("nearsight.potentials.domains.PAIRS_AT_ONCE", pairs)


def framework() -> Atoms:
    """UiO-66, hot, its atoms scattered over many images of the cell."""
    atoms = build(System(variant="pr"))
    rng = np.random.default_rng(0)
    atoms.positions += rng.normal(0, 0.05, atoms.positions.shape)
    atoms.positions += rng.integers(-2, 3, (len(atoms), 3)) @ atoms.cell.array
    return atoms


def skewed() -> Atoms:
    """ZrO2 in a sheared cell that is smaller than the cutoff's sphere."""
    atoms = bulk("ZrO2", "fluorite", a=5.1)
    atoms.set_cell(atoms.cell.array @ [[1, 0.3, 0], [0, 0.97, -0.2], [0.02, 0, 1.04]], True)
    atoms.positions += np.random.default_rng(4).normal(0, 0.1, atoms.positions.shape)
    atoms.positions[1] += 3 * atoms.cell.array[0] - atoms.cell.array[2]
    return atoms


def slab() -> Atoms:
    atoms = fcc111("Zr", (2, 2, 3), a=4.6, vacuum=4.0)
    atoms.positions += np.random.default_rng(5).normal(0, 0.1, atoms.positions.shape)
    return atoms


STRUCTURES = {
    "UiO-66": framework,
    "small and skewed": skewed,
    "slab": slab,
    "molecule": lambda: molecule("C60"),
}


def pairs(network: NequIP, atoms: Atoms) -> int:
    return int(network.graph(atoms)["edge_index"].shape[1])


def close(found: object, whole: np.ndarray, noise: float) -> None:
    np.testing.assert_allclose(found, whole, rtol=0, atol=noise * np.abs(whole).max())


def same(found: Prediction, whole: Prediction) -> None:
    """Networks compute in single precision, where sums in another order differ by 1e-7."""
    assert found.energy == pytest.approx(whole.energy, rel=1e-7)
    close(found.features, whole.features, 1e-6)
    close(found.forces, whole.forces, 2e-6)
    assert (found.stress is None) == (whole.stress is None)
    if whole.stress is not None:
        close(found.stress, whole.stress, 2e-6)


@pytest.mark.parametrize("kind", STRUCTURES)
def test_the_domains_together_are_the_whole(network: NequIP, kind: str, at_once: Bound) -> None:
    atoms = STRUCTURES[kind]()
    whole = network.evaluate(atoms)
    at_once(pairs(network, atoms) // 3)
    assert len(divide(network.graph(atoms), pairs(network, atoms) // 3)) > 2
    same(network.evaluate(atoms), whole)
    close(network.features(atoms), whole.features, 1e-6)


def test_large_structures_among_many_are_divided(
    network: NequIP, at_once: Bound, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = [skewed(), skewed() * (5, 4, 3), skewed()]
    wholes = [network.evaluate(atoms) for atoms in frames]
    at_once(1_000)
    monkeypatch.setattr("nearsight.potentials.nequip.EDGES_AT_ONCE", 900)
    for found, whole in zip(network.evaluate_many(frames), wholes, strict=True):
        same(found, whole)
    for features, whole in zip(network.features_many(frames), wholes, strict=True):
        close(features, whole.features, 1e-6)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(num_layers=1, l_max=1, num_features=(8, 4), r_max=4.0),
        Architecture(
            num_layers=4, l_max=2, num_features=(6, 4, 2), r_max=3.5, parity=True, type_embedding=5
        ),
    ],
)
def test_any_number_of_layers(network: NequIP, architecture: Architecture, at_once: Bound) -> None:
    plain = NequIP(network.architecture, network.elements, network.norm, network.weights)
    plain.architecture = architecture
    other, atoms = untrained(plain), skewed() * (2, 1, 2)
    whole = other.evaluate(atoms)
    at_once(pairs(other, atoms) // 4)
    same(other.evaluate(atoms), whole)


def test_symmetries(network: NequIP, at_once: Bound) -> None:
    """However the domains come to lie."""
    atoms = framework()
    whole = network.evaluate(atoms)
    at_once(pairs(network, atoms) // 5)
    rng = np.random.default_rng(1)
    order = rng.permutation(len(atoms))
    matrix = Rotation.random(random_state=2).as_matrix()
    other = atoms[order]
    other.positions += [3.1, -40.0, 0.7]
    other.set_cell(other.cell.array @ matrix.T)
    other.positions = other.positions @ matrix.T
    found = network.evaluate(other)
    assert found.energy == pytest.approx(whole.energy, rel=1e-6)
    close(found.features, whole.features[order], 1e-5)
    close(found.forces, whole.forces[order] @ matrix.T, 1e-5)
    assert whole.stress is not None
    close(found.stress, matrix @ whole.stress @ matrix.T, 1e-5)


def test_another_basis_of_the_same_lattice(network: NequIP, at_once: Bound) -> None:
    """A cell may be as skewed as it likes."""
    atoms = framework()
    other = atoms.copy()
    other.set_cell([[1, 0, 0], [3, 1, 0], [-2, 1, 1]] @ atoms.cell.array)
    whole = network.evaluate(atoms)
    at_once(pairs(network, atoms) // 5)
    same(network.evaluate(other), whole)


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("members", [1, 2, 3])
def test_memory_is_bounded(network: NequIP, kind: str, members: int) -> None:
    """No domain has more pairs than it may, but for those of its last atom; each pair is in one."""
    graph = network.graph(STRUCTURES[kind]())
    count = graph["edge_index"].shape[1]
    most = int(np.bincount(graph["edge_index"][0]).max())
    shares = [divide(graph, count // 3, member, members) for member in range(members)]
    assert len({len(share) for share in shares}) == 1
    domains = [domain for share in shares for domain in share]
    assert len(domains) >= 3
    assert max(domain.pairs.shape[1] for domain in domains) <= count // 3 + 3 * most
    assert sum(domain.pairs.shape[1] for domain in domains) == count
    own = np.concatenate([domain.mine.numpy() for domain in domains])
    np.testing.assert_array_equal(np.sort(own), np.arange(len(graph["pos"])))


def test_domains_are_compact(network: NequIP) -> None:
    """A domain of a large structure has fewer atoms in its halo than a slab of its size would."""
    atoms = build(System(variant="pr", supercell=(3, 3, 3)))
    graph = network.graph(atoms[np.random.default_rng(3).permutation(len(atoms))])
    domains = divide(graph, pairs=graph["edge_index"].shape[1] // 8 + 1)
    assert len(domains) == 8
    assert max(len(domain.atoms) for domain in domains) < 2.2 * len(atoms) / 8


def test_two_that_add_up_know_the_whole(network: NequIP, at_once: Bound) -> None:
    atoms = framework()
    whole, graph = network.evaluate(atoms), network.graph(atoms)
    at_once(pairs(network, atoms) // 5)
    turn, parts = Barrier(2, timeout=60.0), [torch.empty(0)] * 2

    def answers(member: int) -> list[Any]:
        def add(mine: torch.Tensor) -> torch.Tensor:
            parts[member] = mine
            turn.wait()
            total = parts[0] + parts[1]
            turn.wait()
            return total

        out = Divided(network.model, graph, member, 2, add).evaluate()
        features = Divided(network.model, graph, member, 2, add).features()
        return [*predictions(out, [atoms]), features.numpy()]

    with ThreadPoolExecutor(2) as threads:
        for found, features in threads.map(answers, range(2)):
            same(found, whole)
            close(features, whole.features, 1e-6)
