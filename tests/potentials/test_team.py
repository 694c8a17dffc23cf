"""A structure that two processes share gives what one process says of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from ase import Atoms

from nearsight.potentials import NequIP, Team, UnknownElement
from nearsight.systems import System, build


@pytest.fixture(scope="module")
def team(network: NequIP) -> Iterator[Team]:
    with pytest.MonkeyPatch.context() as patch, Team(network, 2) as team:
        patch.setattr("nearsight.potentials.team.WORTH_SHARING", 400)
        yield team
        processes = [other.process for other in team._others]
    assert all(process.returncode is not None for process in processes)


def frames() -> list[Atoms]:
    """A few steps of a walk, then another cell."""
    found = [build(System(variant="pr"))]
    rng = np.random.default_rng(0)
    for _ in range(3):
        found.append(found[-1].copy())
        found[-1].positions += rng.normal(0, 0.03, found[-1].positions.shape)
    found.append(found[-1].copy())
    found[-1].set_cell(found[-1].cell.array * 1.02, scale_atoms=True)
    return found


def test_two_processes_say_what_one_does(network: NequIP, team: Team) -> None:
    for atoms in frames():
        found, whole = team.evaluate(atoms), network.evaluate(atoms)
        assert found.energy == pytest.approx(whole.energy, rel=1e-9)
        scale = np.abs(whole.forces).max()
        np.testing.assert_allclose(found.forces, whole.forces, rtol=0, atol=2e-6 * scale)
        np.testing.assert_allclose(found.features, whole.features, rtol=0, atol=1e-6)
        assert found.stress is not None
        assert whole.stress is not None
        scale = np.abs(whole.stress).max()
        np.testing.assert_allclose(found.stress, whole.stress, rtol=0, atol=2e-6 * scale)
        np.testing.assert_allclose(team.features(atoms), whole.features, rtol=0, atol=1e-6)


def test_the_same_question_has_the_same_answer(team: Team) -> None:
    atoms = frames()[1]
    one, other = team.evaluate(atoms), team.evaluate(atoms)
    assert one.energy == other.energy
    np.testing.assert_array_equal(one.forces, other.forces)


def test_what_is_small_is_not_shared(network: NequIP, structure: Atoms) -> None:
    alone = Team(network, 2)
    assert alone.evaluate(structure).energy == network.evaluate(structure).energy
    np.testing.assert_array_equal(alone.features(structure), network.features(structure))
    assert not alone._others


def test_failures_are_said_and_the_next_call_works(network: NequIP, team: Team) -> None:
    atoms = frames()[0]
    team.features(atoms)
    os.kill(team._others[0].process.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match=r"gone: .* SIGKILL, perhaps for want of memory"):
        team.evaluate(atoms)
    strange = atoms.copy()
    strange.symbols[0] = "Cu"
    with pytest.raises(UnknownElement, match=r"^Cu is not among"):
        team.evaluate(strange)
    np.testing.assert_allclose(team.features(atoms), network.features(atoms), rtol=0, atol=1e-6)
