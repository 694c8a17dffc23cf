from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms

import nearsight.potentials
from nearsight.potentials import NequIP, load, model_blob
from nearsight.potentials.nequip import best_device


class Shelf(dict[str, bytes]):
    """What `load` needs of a lake."""

    def get_blob(self, name: str) -> bytes:
        return self[name]


def test_load_a_file(network: NequIP, zirconia: Atoms, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    network.save(path)
    there = NequIP.from_bytes(network.to_bytes(), best_device())
    energy = there.evaluate(zirconia).energy
    assert load(path).evaluate(zirconia).energy == energy
    assert load(str(path)).evaluate(zirconia).energy == energy


def test_load_a_key(network: NequIP) -> None:
    shelf = Shelf({model_blob("abc"): network.to_bytes()})
    assert load("abc", shelf).to_bytes() == network.to_bytes()


def test_a_gpu_is_used_where_there_is_one(
    network: NequIP, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models were trained there, and then walked with and evaluated on the processor."""
    network.save(tmp_path / "model.safetensors")
    asked = []
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr(NequIP, "from_bytes", lambda data, device: asked.append(device) or network)
    assert load(tmp_path / "model.safetensors") is load("k", Shelf({model_blob("k"): b""}))
    assert asked == ["cuda", "cuda"]


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.safetensors")


def test_not_a_model(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_bytes(b"\x80\x04garbage")
    with pytest.raises(ValueError, match="not a Nearsight model"):
        load(tmp_path / "model.pt")
    with pytest.raises(ValueError, match="not a Nearsight model"):
        load("abc", Shelf({model_blob("abc"): b""}))


def test_all_names_are_there() -> None:
    for name in nearsight.potentials.__all__:
        assert hasattr(nearsight.potentials, name)
