from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from nequip.model import NequIPGNNModel

from nearsight.potentials import Architecture, NequIP, compiled
from nearsight.potentials.compiled import Compiled
from nearsight.potentials.nequip import Normalisation, build_config, building
from nearsight.references.process import python
from nearsight.sampling import WalkSpec
from nearsight.sampling.openmm import OpenMM

SMALLEST = Architecture(
    num_layers=1, l_max=0, num_features=(2,), r_max=4.0, num_bessels=2, radial_mlp_width=4
)


def network(seed: int) -> NequIP:
    """Other weights, other reference energies, scales and numbers of neighbours."""
    norm = Normalisation({"O": -3.0 - seed, "Zr": -5.0}, 2.0 + seed, neighbours=12.0 + seed)
    config = build_config(SMALLEST, ("O", "Zr"), norm, seed)
    del config["_target_"]
    with building():
        weights = NequIPGNNModel(**config).state_dict()
    return NequIP(SMALLEST, ("O", "Zr"), norm, weights)


@pytest.mark.timeout(600)  # a minute on a machine at rest
def test_a_compiled_network_says_what_the_network_says(
    zirconia: Atoms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = Compiled(network(1), zirconia * (2, 1, 1))

    def compiles_again(*_: object) -> None:
        raise AssertionError("one compiled network serves all models of an architecture")

    monkeypatch.setattr(compiled, "_compile", compiles_again)
    second = Compiled(network(2), zirconia)
    (package,) = (tmp_path / "nearsight").glob("*.pt2")
    trial = subprocess.run(python("nearsight.potentials.loads", str(package)))
    assert trial.returncode == 0
    cluster = Atoms("ZrO2", [[0, 0, 0], [1.9, 0.1, 0], [-0.9, 1.6, 0.2]])
    frames = [zirconia, zirconia * (2, 2, 1), cluster, cluster[:2], Atoms("Zr"), cluster[:0:-1]]
    for seed, fast in ((1, first), (2, second)):
        slow = network(seed)
        for atoms in frames:
            one, other = fast.evaluate(atoms), slow.evaluate(atoms)
            assert one.energy == pytest.approx(other.energy, abs=1e-5)
            np.testing.assert_allclose(one.forces, other.forces, atol=1e-5)
            np.testing.assert_allclose(one.features, other.features, atol=1e-5)
            np.testing.assert_array_equal(fast.features(atoms), slow.features(atoms))
            assert (one.stress is None) == (other.stress is None)
            if one.stress is not None:
                np.testing.assert_allclose(one.stress, other.stress, atol=1e-6)
    assert first.evaluate(zirconia).energy != second.evaluate(zirconia).energy
    monkeypatch.setattr(compiled, "COMPILED_PAIRS", 100)  # more is for the network, in domains
    for atoms in frames:
        many = first.graph(atoms)["edge_index"].shape[1] > 100
        same = np.array_equal(first.evaluate(atoms).forces, network(1).evaluate(atoms).forces)
        assert same or not many
    monkeypatch.undo()
    start, spec = zirconia * (2, 2, 2), WalkSpec(duration=5.0, frame_interval=5.0)
    walks = [OpenMM().walk(start, p, spec, seed=1) for p in (first, first, network(1))]
    assert len(walks[0]) == 2
    np.testing.assert_array_equal(walks[0].positions, walks[1].positions)
    np.testing.assert_allclose(walks[0].positions, walks[2].positions, atol=1e-5)


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a compiler of another standard library has made."""
    monkeypatch.setenv("CXX", "/opt/gcc-15/bin/g++")
    package = tmp_path / "network.new.pt2"
    package.write_bytes(b"no network")
    return package


def test_what_would_kill_the_process_that_loads_it_is_an_error(
    broken: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dies = broken.with_name("python")
    dies.write_text("#!/bin/sh\nkill -SEGV $$\n")
    dies.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(dies))
    with pytest.raises(RuntimeError, match=r"killed by SIGSEGV.*CXX=/opt/gcc-15/bin/g\+\+"):
        compiled._try(broken)
    assert not broken.exists()


def test_what_cannot_be_loaded_is_not_kept(broken: Path) -> None:
    with pytest.raises(RuntimeError, match=r"cannot be loaded: .+ CXX=/opt/gcc-15/bin/g\+\+"):
        compiled._try(broken)
    assert not broken.exists()
