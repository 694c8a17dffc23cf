"""A network as it is before training, for comparison (paper, Figure 4A)."""

from __future__ import annotations

from nequip.model import NequIPGNNModel

from nearsight.potentials.nequip import NequIP, build_config, building


def untrained(potential: NequIP, seed: int = 0) -> NequIP:
    """The same architecture, elements and scale as `potential`, with random weights."""
    config = build_config(potential.architecture, potential.elements, potential.norm, seed)
    del config["_target_"]
    with building():
        weights = NequIPGNNModel(**config).state_dict()
    return NequIP(potential.architecture, potential.elements, potential.norm, weights)
