"""What a GPU says is what the processor says, up to the noise of single precision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms

from nearsight.potentials import Compiled, NequIP, Prediction, calculator, load
from nearsight.potentials.memory import bytes_of_a_pair
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM
from nearsight.systems import System, build

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.fixture
def there(network: NequIP, tmp_path: Path) -> NequIP:
    """The same network on a GPU."""
    network.save(tmp_path / "model.safetensors")
    return load(tmp_path / "model.safetensors")


def frames() -> Iterator[Atoms]:
    """A hot framework, large and small, a molecule, and an atom that has no neighbours."""
    atoms = build(System(variant="pr"))
    atoms.positions += np.random.default_rng(0).normal(0, 0.05, atoms.positions.shape)
    yield atoms
    yield atoms * (2, 1, 1)
    yield Atoms("OHH", [[0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.6, 0]])
    yield Atoms("Zr")


def same(found: Prediction, wanted: Prediction) -> None:
    assert found.energy == pytest.approx(wanted.energy, rel=1e-6)
    np.testing.assert_allclose(found.forces, wanted.forces, atol=1e-5)
    np.testing.assert_allclose(found.features, wanted.features, atol=1e-5)
    assert (found.stress is None) == (wanted.stress is None)
    if wanted.stress is not None:
        np.testing.assert_allclose(found.stress, wanted.stress, atol=1e-7)


def test_a_model_that_is_loaded_runs_there(network: NequIP, there: NequIP) -> None:
    assert {weight.device.type for weight in there.model.parameters()} == {"cuda"}
    for atoms in frames():
        same(there.evaluate(atoms), network.evaluate(atoms))
        np.testing.assert_allclose(there.features(atoms), network.features(atoms), atol=1e-5)


def test_many_go_together(network: NequIP, there: NequIP) -> None:
    some = [*frames()] * 3
    for atoms, found in zip(some, there.evaluate_many(some), strict=True):
        same(found, network.evaluate(atoms))
    for atoms, features in zip(some, there.features_many(some), strict=True):
        np.testing.assert_allclose(features, network.features(atoms), atol=1e-5)


def test_the_same_question_has_the_same_answer(there: NequIP) -> None:
    atoms = next(frames()) * (3, 3, 3)
    first = there.evaluate(atoms)
    for _ in range(5):
        again = there.evaluate(atoms)
        assert again.energy == first.energy
        np.testing.assert_array_equal(again.forces, first.forces)
        np.testing.assert_array_equal(again.features, first.features)


def test_what_its_memory_does_not_hold_goes_in_domains(
    network: NequIP, there: NequIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nearsight.potentials.memory.SHARE", 1e-6)
    for atoms in frames():
        same(there.evaluate(atoms), network.evaluate(atoms))
        np.testing.assert_allclose(there.features(atoms), network.features(atoms), atol=1e-5)


def test_the_memory_that_pairs_need_is_known(there: NequIP) -> None:
    graph = there.graph(build(System(variant="pr", supercell=(2, 2, 2))))
    there.run(graph)
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    there.run(graph)
    used = torch.cuda.max_memory_allocated() - before
    expected = bytes_of_a_pair(there.model) * graph["edge_index"].shape[1]
    assert 0.5 * expected < used < 1.3 * expected


def test_along_a_walk_neighbours_are_found_there(network: NequIP, there: NequIP) -> None:
    atoms = next(frames())
    spec = WalkSpec(duration=10.0, frame_interval=1.0, temperature=600.0)
    here, away, again = (OpenMM().walk(atoms, p, spec, seed=3) for p in (network, there, there))
    np.testing.assert_array_equal(away.positions, again.positions)
    assert away.stop == here.stop
    np.testing.assert_allclose(away.positions, here.positions, atol=1e-4)
    np.testing.assert_allclose(away.energies, here.energies, atol=1e-2)


def test_it_is_compiled_for_there(network: NequIP, there: NequIP) -> None:
    fast = Compiled(there, next(frames()))
    for atoms in frames():
        same(fast.evaluate(atoms), network.evaluate(atoms))


def test_it_is_a_calculator_of_ase(network: NequIP, there: NequIP) -> None:
    atoms = next(frames())
    atoms.calc = calculator(there)
    np.testing.assert_allclose(atoms.get_forces(), network.evaluate(atoms).forces, atol=1e-5)


def test_its_bytes_are_those_of_the_processor(network: NequIP, there: NequIP) -> None:
    assert there.to_bytes() == network.to_bytes()
