from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk

from nearsight.potentials import (
    Architecture,
    CannotTrain,
    NequIP,
    Trained,
    TrainingSpec,
    train,
)
from nearsight.potentials.training import _split
from nearsight.references import Label

Labelled = list[tuple[Atoms, Label]]
Labeller = Callable[[Atoms], Label]

SHORT = TrainingSpec(epochs=2, batch_size=4, validation_fraction=0.2)


@pytest.fixture(scope="module")
def trained(copper: Labelled, tiny: Architecture) -> Trained:
    """Crystals and clusters in the same batches."""
    spec = TrainingSpec(
        epochs=25,
        learning_rate=0.03,
        energy_weight=200.0,
        force_weight=20.0,
        force_delta=1.0,
        batch_size=2,
        validation_fraction=0.2,
        ema_decay=0.9,
    )
    return train(copper, tiny, spec)


def force_error(potential: NequIP, frames: Labelled) -> float:
    """Root mean square, eV/Å."""
    errors = [potential.evaluate(atoms).forces - label.forces for atoms, label in frames]
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2)))


def loss(potential: NequIP, frames: Labelled, spec: TrainingSpec) -> float:
    """The loss, written out."""
    energy, forces, stress = [], [], []
    for atoms, label in frames:
        prediction = potential.evaluate(atoms)
        energy.append((prediction.energy - label.energy) / len(atoms))
        forces.append((prediction.forces - label.forces).ravel())
        if label.stress is not None:
            stress.append((prediction.stress - label.stress).ravel())
    size = np.abs(np.concatenate(forces))
    huber = np.where(
        size < spec.force_delta, size**2, spec.force_delta * (2 * size - spec.force_delta)
    )
    parts = [
        (spec.energy_weight, np.square(energy)),
        (spec.force_weight, huber),
        (spec.stress_weight, np.square(np.concatenate(stress)) if stress else np.zeros(1)),
    ]
    total = sum(weight for weight, _ in parts)
    return sum(weight * float(np.mean(part)) for weight, part in parts) / total


def test_it_learns(trained: Trained, fresh: Labelled) -> None:
    assert trained.training_loss[-1] < trained.training_loss[0] / 10
    assert min(trained.validation_loss) < trained.validation_loss[0] / 2
    size = np.sqrt(np.mean(np.concatenate([label.forces for _, label in fresh]) ** 2))
    assert force_error(trained.potential, fresh) < 0.4 * size
    for atoms, label in fresh:
        assert trained.potential.evaluate(atoms).energy / len(atoms) == pytest.approx(
            label.energy / len(atoms), abs=0.15
        )


def test_one_loss_an_epoch(trained: Trained) -> None:
    assert len(trained.training_loss) == len(trained.validation_loss) == 25
    assert np.isfinite(trained.training_loss + trained.validation_loss).all()


@pytest.mark.parametrize(("kind", "seed"), [("mixed", 1), ("crystals", 4), ("clusters", 2)])
def test_the_weights_are_those_of_the_best_epoch(
    kind: str, seed: int, copper: Labelled, tiny: Architecture
) -> None:
    """The loss of the potential that comes back is the smallest of all epochs, so its weights are
    those that were validated, averages included. Clusters have no stress: their loss is finite."""
    frames = {"mixed": copper, "crystals": copper[:16], "clusters": copper[16:]}[kind]
    spec = TrainingSpec(
        epochs=6,
        batch_size=3,
        validation_fraction=0.3,
        learning_rate=0.05,
        energy_weight=20.0,
        force_delta=0.5,
        stress_weight=50.0,
        seed=seed,
    )
    result = train(frames, tiny, spec)
    assert min(result.validation_loss) < result.validation_loss[-1] * 0.99  # not the last one
    order = _split(list(range(len(frames))), spec)[1]
    held_out = [frames[i] for i in order]
    assert loss(result.potential, held_out, spec) == pytest.approx(
        min(result.validation_loss), rel=1e-3
    )


def test_forces_that_are_nan_are_not_learned(copper: Labelled, tiny: Architecture) -> None:
    """A masked atom leaves weights and losses finite; one that is not masked still counts."""

    def masked(wrong: float) -> Labelled:
        frames = []
        for atoms, label in copper:
            forces = label.forces.copy()
            forces[0] = np.nan
            forces[1:2] *= wrong
            frames.append((atoms, dataclasses.replace(label, forces=forces)))
        return frames

    result = train(masked(1.0), tiny, SHORT)
    assert np.isfinite(result.training_loss + result.validation_loss).all()
    assert all(torch.isfinite(w).all() for w in result.potential.weights.values())
    assert result.potential.to_bytes() == train(masked(1.0), tiny, SHORT).potential.to_bytes()
    assert result.potential.to_bytes() != train(masked(2.0), tiny, SHORT).potential.to_bytes()


def test_validation_sees_averages_and_training_does_not(
    copper: Labelled, tiny: Architecture
) -> None:
    raw, averaged = (
        train(copper, tiny, SHORT.model_copy(update={"ema_decay": decay})) for decay in (0.0, 0.99)
    )
    assert raw.training_loss == averaged.training_loss
    assert raw.validation_loss != averaged.validation_loss


def test_the_same_seed_gives_the_same_bytes_in_any_thread(
    copper: Labelled, tiny: Architecture
) -> None:
    def package(spec: TrainingSpec) -> bytes:
        return train(copper, tiny, spec).potential.to_bytes()

    torch.manual_seed(1)
    first = package(SHORT)
    torch.manual_seed(2)
    assert package(SHORT) == first
    with ThreadPoolExecutor(2) as pool:  # none of them the main thread, both at once
        assert set(pool.map(package, [SHORT, SHORT])) == {first}
    assert package(SHORT.model_copy(update={"seed": 1})) != first


def test_quiet_and_nothing_left_behind(
    copper: Labelled,
    tiny: Architecture,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    loggers = [logging.getLogger(name) for name in ("", "lightning", "lightning.pytorch")]
    before = [(log.level, list(log.handlers), list(log.filters)) for log in loggers]
    with caplog.at_level(logging.INFO):
        train(copper[:4], tiny, SHORT)
        heard = [record for record in caplog.records if record.name.startswith("lightning")]
        logging.getLogger("lightning.pytorch.utilities.rank_zero").info("after training")
    assert not heard
    out, err = capfd.readouterr()
    assert out == ""
    assert err.replace("after training\n", "").replace("INFO: ", "") == ""
    assert [(log.level, list(log.handlers), list(log.filters)) for log in loggers] == before
    assert not list(tmp_path.iterdir())


def test_a_slurm_job_is_no_reason_to_launch(
    copper: Labelled, tiny: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask workers live in Slurm jobs; Lightning took their variables for its own."""
    for name, value in {"NTASKS": "4", "JOB_NAME": "dask-worker", "JOB_ID": "7"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    train(copper[:4], tiny, SHORT)


def test_progress_rises_to_one(copper: Labelled, tiny: Architecture) -> None:
    seen: list[float] = []
    train(copper[:7], tiny, SHORT, progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) == 2 * 2
    assert seen[-1] == 1.0


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("fraction", [0.01, 0.49])
def test_few_frames(n: int, fraction: float, copper: Labelled, tiny: Architecture) -> None:
    spec = TrainingSpec(epochs=1, validation_fraction=fraction)
    taught, held_out = _split(list(range(n)), spec)
    assert sorted(taught + held_out) == list(range(n))
    assert 1 <= len(held_out) <= n / 2
    if n == 2:
        assert len(train(copper[:n], tiny, spec).training_loss) == 1


def test_too_little_to_train_on(copper: Labelled, tiny: Architecture) -> None:
    with pytest.raises(CannotTrain, match="at least 2 labelled structures, not 1"):
        train(copper[:1], tiny, SHORT)
    failed = Label("timeout", None, None, None, 60.0)
    with pytest.raises(ValueError, match="timeout"):
        train([*copper[:2], (copper[2][0], failed)], tiny, SHORT)


def test_perfect_crystals_do_not_silence_the_network(label: Labeller, tiny: Architecture) -> None:
    frames = [bulk("Cu", cubic=True, a=a) for a in (3.5, 3.6, 3.7, 3.8)]
    potential = train([(atoms, label(atoms)) for atoms in frames], tiny, SHORT).potential
    energies = [potential.evaluate(atoms).energy for atoms in frames]
    assert np.isfinite(energies).all()
    assert np.ptp(energies) > 0


def test_divergence_is_an_error(copper: Labelled, tiny: Architecture) -> None:
    atoms, label = copper[0]
    frames = [(atoms, replace(label, energy=sign * 1e200)) for sign in (1, -1, 1, -1)]
    with pytest.raises(CannotTrain, match="diverged"):
        train(frames, tiny, SHORT)


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_is_not_there(copper: Labelled, tiny: Architecture) -> None:
    with pytest.raises(CannotTrain, match="no GPU is visible"):
        train(copper, tiny, SHORT.model_copy(update={"device": "cuda"}))


# --- reference energies

OFFSETS = {"Al": -57.0, "Cu": 3.0}


def shifted(frames: Labelled, offsets: dict[str, float]) -> Labelled:
    return [
        (atoms, replace(label, energy=label.energy + sum(offsets[s] for s in atoms.symbols)))
        for atoms, label in frames
    ]


def test_offsets_of_elements_are_absorbed(
    parent: NequIP, alloys: Labelled, tiny: Architecture
) -> None:
    """Compositions differ, so the data alone say what each element costs."""
    spec = TrainingSpec(epochs=5, validation_fraction=0.2, batch_size=4)
    other = train(shifted(alloys, OFFSETS), tiny, spec).potential
    assert other.elements == ("Al", "Cu")
    for atoms, label in shifted(alloys[:4], OFFSETS):
        here, there = parent.evaluate(atoms), other.evaluate(atoms)
        moved = there.energy - here.energy
        assert moved / len(atoms) == pytest.approx(
            sum(OFFSETS[s] for s in atoms.symbols) / len(atoms), abs=0.3
        )
        assert there.energy / len(atoms) == pytest.approx(label.energy / len(atoms), abs=0.5)
        assert np.abs(there.forces - here.forces).max() < 0.5


def test_offsets_of_data_and_prior_cancel(copper: Labelled, tiny: Architecture) -> None:
    """One composition: the prior decides, and a common offset changes nothing else."""
    one = train(copper, tiny, SHORT.model_copy(update={"reference_energies": {"Cu": 1.0}}))
    moved = SHORT.model_copy(update={"reference_energies": {"Cu": 101.0}})
    other = train(shifted(copper, {"Cu": 100.0}), tiny, moved)
    np.testing.assert_allclose(one.training_loss, other.training_loss, rtol=1e-3)
    atoms = copper[0][0]
    assert other.potential.evaluate(atoms).energy == pytest.approx(
        one.potential.evaluate(atoms).energy + 100.0 * len(atoms), abs=1e-2
    )


def test_reference_energies_of_other_elements_do_no_harm(
    copper: Labelled, tiny: Architecture
) -> None:
    spec = SHORT.model_copy(update={"reference_energies": {"Cu": 0.0, "Zr": -8.0}})
    potential = train(copper, tiny, spec).potential
    assert set(potential.norm.reference_energies) == {"Cu"}
    with pytest.raises(CannotTrain, match="lacks Cu"):
        train(copper, tiny, SHORT.model_copy(update={"reference_energies": {"Zr": -8.0}}))


# --- warm start

STILL = TrainingSpec(epochs=1, learning_rate=1e-9, batch_size=4, validation_fraction=0.2)


def test_a_warm_start_starts_from_its_parent(parent: NequIP, alloys: Labelled) -> None:
    """With next to no learning, all but the reference energies is the parent's."""
    package = parent.to_bytes()
    child = train(shifted(alloys, OFFSETS), Architecture(), STILL, parent=parent).potential
    assert parent.to_bytes() == package
    assert child.architecture == parent.architecture
    assert child.elements == parent.elements
    assert child.norm.force_scale == parent.norm.force_scale
    old, new = parent.norm.reference_energies, child.norm.reference_energies
    for element, offset in OFFSETS.items():
        assert new[element] - old[element] == pytest.approx(offset, abs=0.5)
    for atoms, _ in alloys[:4]:
        before, after = parent.evaluate(atoms), child.evaluate(atoms)
        np.testing.assert_allclose(after.forces, before.forces, atol=1e-4)
        np.testing.assert_allclose(after.stress, before.stress, atol=1e-5)
        np.testing.assert_allclose(after.features, before.features, atol=1e-4)
        moved = sum(new[s] - old[s] for s in atoms.symbols)
        assert after.energy == pytest.approx(before.energy + moved, abs=1e-3)


def test_the_shift_is_the_only_weight_that_moves(parent: NequIP, alloys: Labelled) -> None:
    child = train(shifted(alloys, OFFSETS), Architecture(), STILL, parent=parent).potential
    shifts = [name for name in parent.weights if name.endswith(".shifts")]
    assert len(shifts) == 1
    assert set(child.weights) == set(parent.weights)
    for name, before in parent.weights.items():
        assert torch.allclose(child.weights[name], before, atol=1e-6) == (name not in shifts), name
    expected = [child.norm.reference_energies[element] for element in child.elements]
    assert child.weights[shifts[0]].ravel().tolist() == expected


def test_a_warm_start_on_fewer_elements_keeps_them_all(parent: NequIP, copper: Labelled) -> None:
    child = train(copper, parent.architecture, STILL, parent=parent).potential
    assert child.elements == ("Al", "Cu")
    before, after = parent.norm.reference_energies, child.norm.reference_energies
    assert after["Al"] == before["Al"]
    assert np.isfinite(child.evaluate(bulk("Al")).energy)


def test_a_warm_start_helps(trained: Trained, copper: Labelled, tiny: Architecture) -> None:
    cold = train(copper, tiny, SHORT)
    warm = train(copper, tiny, SHORT, parent=trained.potential)
    assert warm.training_loss[0] < cold.training_loss[0] / 2


# --- weights of forces


def test_weights_of_elements_say_whose_forces_are_learned(
    alloys: Labelled, tiny: Architecture
) -> None:
    """Forces on aluminium are turned round: whoever weighs nothing is not believed."""

    def lying(frames: Labelled) -> Labelled:
        return [
            (a, replace(label, forces=np.where((a.numbers == 13)[:, None], -9.0, label.forces)))
            for a, label in frames
        ]

    def learned(frames: Labelled, aluminium: float) -> bytes:
        spec = SHORT.model_copy(update={"element_weights": {"Al": aluminium, "Zr": 3.0}})
        return train(frames, tiny, spec).potential.to_bytes()

    assert learned(lying(alloys), 0.0) == learned(alloys, 0.0)
    assert len({learned(alloys, weight) for weight in (0.0, 0.5, 1.0)}) == 3
    assert learned(alloys, 1.0) == train(alloys, tiny, SHORT).potential.to_bytes()


def test_weights_of_atoms_are_relative(copper: Labelled, tiny: Architecture) -> None:
    def weighed(*weights: float) -> Labelled:
        frames = [(atoms.copy(), label) for atoms, label in copper]
        for atoms, _ in frames:
            atoms.set_array("force_weight", np.resize(weights, len(atoms)))
        return frames

    plain = train(copper, tiny, SHORT)
    halved, uneven = (train(weighed(*w), tiny, SHORT) for w in ((0.5,), (1.0, 0.1)))
    np.testing.assert_allclose(halved.validation_loss, plain.validation_loss, rtol=1e-6)
    assert abs(uneven.validation_loss[0] / plain.validation_loss[0] - 1) > 1e-3


def test_no_force_may_count(copper: Labelled, tiny: Architecture) -> None:
    """Of clusters without core, mantle and caps there is still an energy to learn."""
    result = train(copper, tiny, SHORT.model_copy(update={"element_weights": {"Cu": 0.0}}))
    assert np.isfinite(result.training_loss + result.validation_loss).all()


# --- new elements


def test_a_warm_start_learns_new_elements(
    parent: NequIP, alloys: Labelled, label: Labeller
) -> None:
    """Nickel joins copper and aluminium: what it costs is told from what the parent gets wrong,
    and no other element pays for it."""
    rng = np.random.default_rng(5)
    frames = []
    for number in range(8):
        atoms = bulk("Cu", cubic=True)
        atoms.symbols[: number % 2 + 1] = "Ni"
        atoms.positions += rng.normal(0, 0.05, atoms.positions.shape)
        frames.append((atoms, label(atoms)))
    costly = shifted(frames, {"Ni": 40.0, "Cu": 0.0})
    spec = SHORT.model_copy(update={"learning_rate": 0.003})
    child = train([*alloys, *costly], parent.architecture, spec, parent=parent).potential
    assert child.elements == ("Al", "Cu", "Ni")
    for element in parent.elements:
        assert child.norm.reference_energies[element] == pytest.approx(
            parent.norm.reference_energies[element], abs=0.5
        )
    for atoms, told in costly:
        assert child.evaluate(atoms).energy == pytest.approx(told.energy, abs=0.5 * len(atoms))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_is_used_where_there_is_one(copper: Labelled, tiny: Architecture) -> None:
    there = train(copper, tiny, SHORT)
    here = train(copper, tiny, SHORT.model_copy(update={"device": "cpu"}))
    np.testing.assert_allclose(there.validation_loss, here.validation_loss, rtol=0.05)
