"""What the memory of a GPU holds of a network's work."""

from __future__ import annotations

import torch
from nequip.model import NequIPGNNModel
from nequip.nn.interaction_block import TensorProductScatter

SHARE = 0.5
"""Of what is free; the rest is for what is not counted, and for neighbours on the same GPU."""

OTHER = 200
"""Bytes that a pair of neighbours needs outside of the layers."""


def pairs_at_once(model: NequIPGNNModel, device: torch.device | str, on_a_processor: int) -> int:
    """Pairs of neighbours that go through a network together; on a GPU, as many as it holds."""
    if torch.device(device).type == "cpu":
        return on_a_processor
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(1, int(SHARE * (free + kept) / bytes_of_a_pair(model)))


def bytes_of_a_pair(model: NequIPGNNModel) -> int:
    """What a pair of neighbours takes until forces are known, in single precision: in every
    layer, weights, and features before and after the tensor product with their gradients."""
    products = [part for part in model.modules() if isinstance(part, TensorProductScatter)]
    numbers: int = sum(
        2 * (product.tp.irreps_in1.dim + product.tp.irreps_out.dim) + product.tp.weight_numel
        for product in products
    )
    return 4 * numbers + OTHER
