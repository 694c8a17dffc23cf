"""What the memory of a GPU holds of a network's work."""

from __future__ import annotations

import torch
from nequip.model import NequIPGNNModel
from nequip.nn.interaction_block import TensorProductScatter

SHARE = 0.25
"""Of all of it: other workers may share the GPU, and not everything is counted."""

OTHER = 200
"""Bytes that a pair of neighbours needs outside of the layers."""


def pairs_at_once(model: NequIPGNNModel, device: torch.device | str, on_a_processor: int) -> int:
    """Pairs of neighbours that go through a network together.

    It depends on the kind of GPU, not on who else uses it now: what is divided, and so how numbers
    are rounded, is the same in every call and in every process.
    """
    if torch.device(device).type == "cpu":
        return on_a_processor
    total = torch.cuda.get_device_properties(device).total_memory
    return int(SHARE * total / bytes_of_a_pair(model))


def bytes_of_a_pair(model: NequIPGNNModel) -> int:
    """What a pair of neighbours takes until forces are known, in single precision: in every
    layer, weights, and features before and after the tensor product with their gradients."""
    products = [part for part in model.modules() if isinstance(part, TensorProductScatter)]
    numbers: int = sum(
        2 * (product.tp.irreps_in1.dim + product.tp.irreps_out.dim) + product.tp.weight_numel
        for product in products
    )
    return 4 * numbers + OTHER
