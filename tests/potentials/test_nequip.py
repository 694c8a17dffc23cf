"""Physics of the network, with untrained weights: symmetries, derivatives, locality.

Networks compute in single precision: relative noise of about 1e-6 in energies and forces, so
symmetries hold to 1e-5 of the scale of what is compared.
"""

from __future__ import annotations

import json
import pickle
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from nequip.model import NequIPGNNModel
from scipy.spatial.transform import Rotation

from nearsight.potentials import Architecture, NequIP, Prediction, UnknownElement
from nearsight.potentials.nequip import Normalisation, build_config, building


def close(a: object, b: object, scale: float = 1.0) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5, atol=1e-5 * scale)


def moved(atoms: Atoms, matrix: np.ndarray) -> Atoms:
    """Rotate (or mirror) positions and cell together."""
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell.array @ matrix.T)
    atoms.positions = atoms.positions @ matrix.T
    return atoms


def same_up_to(matrix: np.ndarray, before: Prediction, after: Prediction) -> None:
    close(after.energy, before.energy)
    close(after.features, before.features)
    close(after.forces, before.forces @ matrix.T, np.abs(before.forces).max())
    if before.stress is not None:
        close(after.stress, matrix @ before.stress @ matrix.T, np.abs(before.stress).max())


@pytest.mark.parametrize("mirror", [1.0, -1.0])
def test_rotations_and_mirrors(network: NequIP, structure: Atoms, mirror: float) -> None:
    matrix = mirror * Rotation.random(random_state=5).as_matrix()
    after = network.evaluate(moved(structure, matrix))
    same_up_to(matrix, network.evaluate(structure), after)


def test_translations(network: NequIP, structure: Atoms) -> None:
    atoms = structure.copy()
    atoms.positions += [11.3, -4.1, 0.7]
    same_up_to(np.eye(3), network.evaluate(structure), network.evaluate(atoms))


def test_permutations(network: NequIP, structure: Atoms) -> None:
    order = np.random.default_rng(0).permutation(len(structure))
    before, after = network.evaluate(structure), network.evaluate(structure[order])
    close(after.energy, before.energy)
    close(after.forces, before.forces[order], np.abs(before.forces).max())
    close(after.features, before.features[order])


def test_images_are_the_same_atom(network: NequIP, zirconia: Atoms) -> None:
    atoms = zirconia.copy()
    atoms.positions += np.array([[1, 0, 0], [0, -3, 2], [0, 0, 1]]) @ atoms.cell.array
    same_up_to(np.eye(3), network.evaluate(zirconia), network.evaluate(atoms))


def test_a_supercell_is_the_cell_repeated(network: NequIP, zirconia: Atoms) -> None:
    one, many = network.evaluate(zirconia), network.evaluate(zirconia * (2, 1, 3))
    close(many.energy, 6 * one.energy)
    close(many.forces, np.tile(one.forces, (6, 1)), np.abs(one.forces).max())
    close(many.stress, one.stress, np.abs(one.stress).max())
    close(many.features, np.tile(one.features, (6, 1)))


def test_a_molecule_in_a_large_box_is_a_molecule(network: NequIP, structure: Atoms) -> None:
    alone = structure.copy()
    alone.pbc, alone.cell = False, None
    boxed = alone.copy()
    boxed.set_cell([25, 26, 27])
    boxed.pbc = True
    close(network.evaluate(boxed).energy, network.evaluate(alone).energy)
    close(network.features(boxed), network.features(alone))


def test_atoms_see_as_far_as_layers_times_cutoff(network: NequIP) -> None:
    """The nearsightedness of the network: two layers of 4 Å, so nothing beyond 8 Å."""
    chain = Atoms("H4", [[2.5 * i, 0, 0] for i in range(4)])
    second, third = chain.copy(), chain.copy()
    second.positions[2, 0] += 0.1  # two steps of 2.5 and 2.6 Å
    third.positions[3, 0] += 0.1  # would take three
    base = network.features(chain)[0]
    assert np.abs(network.features(second)[0] - base).max() > 1e-6
    np.testing.assert_allclose(network.features(third)[0], base, rtol=0, atol=1e-9)


def test_forces_are_minus_the_gradient(network: NequIP, structure: Atoms) -> None:
    """Energies of a few eV carry noise of 1e-6 eV: over 2 x 0.005 Å that is 2e-4 eV/Å; the
    displacement's own error (third derivative) is of the same size. Hence 2e-3 of the largest
    force and not machine precision."""
    forces = network.evaluate(structure).forces
    h = 0.005
    numerical = np.zeros_like(forces)
    for i, k in np.ndindex(forces.shape):
        ends = []
        for step in (h, -h):
            atoms = structure.copy()
            atoms.positions[i, k] += step
            ends.append(network.evaluate(atoms).energy)
        numerical[i, k] = (ends[1] - ends[0]) / (2 * h)
    np.testing.assert_allclose(forces, numerical, atol=2e-3 * np.abs(forces).max())


def test_stress_is_the_derivative_to_strain(network: NequIP, zirconia: Atoms) -> None:
    """ASE's sign: dE/dstrain over volume, positive under tension. Noise as with forces."""
    stress = network.evaluate(zirconia).stress
    assert stress is not None
    h = 0.002
    numerical = np.zeros((3, 3))
    for i, j in np.ndindex(3, 3):
        ends = []
        for step in (h, -h):
            strain = np.zeros((3, 3))
            strain[i, j] += step / 2
            strain[j, i] += step / 2
            ends.append(network.evaluate(moved(zirconia, np.eye(3) + strain)).energy)
        numerical[i, j] = (ends[0] - ends[1]) / (2 * h * zirconia.get_volume())
    np.testing.assert_allclose(stress, numerical, atol=3e-3 * np.abs(stress).max())


def test_energies_are_smooth_at_the_cutoff(network: NequIP) -> None:
    def pair(distance: float) -> Prediction:
        return network.evaluate(Atoms("ZrO", [[0, 0, 0], [distance, 0, 0]]))

    apart, edge = pair(4.001), pair(3.999)
    close(edge.energy, apart.energy)
    assert np.abs(edge.forces).max() < 1e-4
    assert abs(pair(2.5).energy - apart.energy) > 1e-3


def test_higher_orders_and_parity_keep_the_symmetries(zirconia: Atoms) -> None:
    architecture = Architecture(
        num_layers=2, l_max=2, num_features=(6, 4, 2), r_max=4.0, parity=True, radial_mlp_width=8
    )
    norm = Normalisation({"O": 0.0, "Zr": 0.0}, 1.0, 10.0)
    config = build_config(architecture, ("O", "Zr"), norm, seed=1)
    del config["_target_"]
    with building():
        weights = NequIPGNNModel(**config).state_dict()
    network = NequIP(architecture, ("O", "Zr"), norm, weights)
    matrix = -Rotation.random(random_state=6).as_matrix()
    before, after = network.evaluate(zirconia), network.evaluate(moved(zirconia, matrix))
    same_up_to(matrix, before, after)
    assert before.features.shape == (3, 6)


def some_frames(zirconia: Atoms) -> list[Atoms]:
    """Crystals, molecules, and an atom that has no neighbours."""
    water = Atoms("OHH", [[0, 0, 0], [0.8, 0.6, 0], [-0.8, 0.6, 0]])
    return [zirconia, Atoms("Zr"), water, zirconia * (2, 1, 1), water, zirconia]


@pytest.mark.parametrize("at_once", [1, 200, 60_000])
def test_many_are_evaluated_as_they_are_one_by_one(
    network: NequIP, zirconia: Atoms, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nearsight.potentials.nequip.EDGES_AT_ONCE", at_once)
    frames = some_frames(zirconia)
    many = list(network.evaluate_many(frames))
    described = list(network.features_many(frames))
    assert len(many) == len(described) == len(frames)
    for atoms, after, features in zip(frames, many, described, strict=True):
        before = network.evaluate(atoms)
        same_up_to(np.eye(3), before, after)
        assert (after.stress is None) == (before.stress is None)
        close(features, before.features)
        assert after.forces.shape == (len(atoms), 3)


def test_memory_is_bounded_however_many_there_are(
    network: NequIP, zirconia: Atoms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames are asked for, and results given, as the batches go; atoms without neighbours need
    memory, too."""
    asked = 0

    def frames(atoms: Atoms) -> Iterator[Atoms]:
        nonlocal asked
        for asked in range(1, 31):  # noqa: B007
            yield atoms

    for atoms in (zirconia, Atoms("Zr")):
        size = len(atoms) + network.graph(atoms)["edge_index"].shape[1]
        monkeypatch.setattr("nearsight.potentials.nequip.EDGES_AT_ONCE", 3 * size)
        for given, _ in enumerate(network.evaluate_many(frames(atoms)), start=1):
            assert given <= asked <= given + 3
        assert given == 30


def test_unknown_elements_are_refused(network: NequIP) -> None:
    for ask in (network.evaluate, network.features):
        with pytest.raises(UnknownElement, match=r"^Cu is not among"):
            ask(Atoms("HCu", [[0, 0, 0], [0, 0, 1.5]]))


def test_bytes_and_back_is_exact(network: NequIP, zirconia: Atoms, tmp_path: Path) -> None:
    network.save(tmp_path / "model.safetensors")
    again = NequIP.from_bytes((tmp_path / "model.safetensors").read_bytes())
    assert again.architecture == network.architecture
    assert (again.elements, again.norm) == (network.elements, network.norm)
    before, after = network.evaluate(zirconia), again.evaluate(zirconia)
    assert after.energy == before.energy
    np.testing.assert_array_equal(after.forces, before.forces)
    np.testing.assert_array_equal(after.stress, before.stress)
    np.testing.assert_array_equal(after.features, before.features)


def test_the_same_model_gives_the_same_bytes(network: NequIP) -> None:
    """Bytes are hashed into keys; safetensors alone writes its metadata in a random order."""
    data = network.to_bytes()
    assert {network.to_bytes() for _ in range(20)} == {data}
    assert NequIP.from_bytes(data).to_bytes() == data


class Bomb:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_pickles_are_never_opened(network: NequIP, tmp_path: Path) -> None:
    data = pickle.dumps(Bomb(tmp_path / "boom"))
    for garbage in (data, len(data).to_bytes(8, "little") + data, network.to_bytes()[:8] + data):
        with pytest.raises(ValueError, match="not a Nearsight model"):
            NequIP.from_bytes(garbage)
    assert not (tmp_path / "boom").exists()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"PK\x03\x04" * 10,
        b"\x02" + b"\0" * 7 + b"[]",
        b"\x02" + b"\0" * 7 + b"{}",
        b"\xff" * 64,
        (40_000).to_bytes(8, "little") + b"[" * 40_000,
    ],
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="not a Nearsight model"):
        NequIP.from_bytes(garbage)


def rewritten(data: bytes, **changes: str) -> bytes:
    """A model file whose metadata say something else."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header["__metadata__"] |= changes
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[end:]


def test_damaged_models_are_refused(network: NequIP) -> None:
    data = network.to_bytes()
    damaged = [
        data[:-4],
        data + b"more",
        rewritten(data, architecture=Architecture(num_layers=3).model_dump_json()),
        rewritten(data, architecture="{}}"),
        rewritten(data, elements='["H", "O"]'),
        rewritten(data, normalisation='{"scale": 1}'),
    ]
    for bad in damaged:
        with pytest.raises(ValueError, match="damaged"):
            NequIP.from_bytes(bad)


def test_models_of_another_format_are_refused(network: NequIP) -> None:
    with pytest.raises(ValueError, match="'nearsight-nequip-9' is not 'nearsight-nequip-1'"):
        NequIP.from_bytes(rewritten(network.to_bytes(), format="nearsight-nequip-9"))


def test_the_process_keeps_its_random_numbers(
    network: NequIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NequIP seeds all generators with 123 when a process uses it first."""
    monkeypatch.setattr("nequip.utils.global_state._GLOBAL_STATE_INITIALIZED", False)

    def draw() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002

    def seed() -> None:
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)

    seed()
    expected = draw()
    seed()
    NequIP.from_bytes(network.to_bytes())
    assert draw() == expected
