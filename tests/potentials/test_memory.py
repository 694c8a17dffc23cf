from __future__ import annotations

from types import SimpleNamespace

import pytest

from nearsight.potentials import Architecture
from nearsight.potentials.initial import untrained
from nearsight.potentials.memory import OTHER, SHARE, bytes_of_a_pair, pairs_at_once
from nearsight.potentials.nequip import NequIP


def of(network: NequIP, **options: object) -> NequIP:
    """An untrained network of another architecture."""
    plain = NequIP(network.architecture, network.elements, network.norm, network.weights)
    plain.architecture = Architecture.model_validate({"num_layers": 1, "l_max": 0} | options)
    return untrained(plain)


def test_a_pair_needs_its_features_its_weights_and_their_gradients(network: NequIP) -> None:
    """Eight numbers come, meet eight weights, and go; they come and go once more backwards."""
    assert bytes_of_a_pair(of(network, num_features=[8]).model) == 4 * (2 * (8 + 8) + 8) + OTHER


def test_more_layers_need_more(network: NequIP) -> None:
    one, three = (of(network, num_features=[8], num_layers=n).model for n in (1, 3))
    assert bytes_of_a_pair(three) - OTHER == 3 * (bytes_of_a_pair(one) - OTHER)


def test_a_gpu_takes_what_a_share_of_its_memory_holds(
    network: NequIP, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = SimpleNamespace(total_memory=80_000_000_000)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: gpu)
    fits = pairs_at_once(network.model, "cuda", on_a_processor=5)
    each = bytes_of_a_pair(network.model)
    assert fits * each <= SHARE * gpu.total_memory < (fits + 1) * each


def test_a_processor_takes_what_it_takes_best(network: NequIP) -> None:
    assert pairs_at_once(network.model, "cpu", on_a_processor=5) == 5
