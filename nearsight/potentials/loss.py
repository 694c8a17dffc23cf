"""What training minimises: terms for NequIP's metrics, of energies, forces and stresses."""

from __future__ import annotations

from typing import Any

import torch
from nequip.data import AtomicDataDict, PerAtomModifier, register_fields
from nequip.train import MeanSquaredError
from torchmetrics import Metric

from nearsight.potentials.training_spec import TrainingSpec

FORCE_WEIGHT_KEY = "force_weight"
"""How much the force on an atom counts: (n_atoms,), beside the targets in a graph."""

register_fields(node_fields=[FORCE_WEIGHT_KEY])


def loss(spec: TrainingSpec) -> dict[str, Any]:
    """Arguments of NequIP's metrics manager."""

    def term(name: str, weight: float, metric: type[Metric], **options: Any) -> dict[str, Any]:
        target = {"_target_": f"{__name__}.{metric.__name__}"}
        return {"name": name, "coeff": weight, "metric": target} | options

    per_atom = {"_target_": f"{__name__}.{PerAtom.__name__}", "field": "total_energy"}
    forces = term("forces", spec.force_weight, ForceHuber)
    forces["metric"]["delta"] = spec.force_delta
    return {
        "_target_": "nequip.train.MetricsManager",
        "metrics": [
            term("energy", spec.energy_weight, MeanSquare, field=per_atom),
            forces,
            term("stress", spec.stress_weight, MeanSquare, field="stress", ignore_nan=True),
        ],
    }


class PerAtom(PerAtomModifier):  # type: ignore[misc]
    """NequIP's energy per atom, but as precise as the energy.

    NequIP's own is as precise as torch's default dtype at the time, which others switch: a training
    that goes on in another process would not end in the same bytes.
    """

    def _func(self, data: AtomicDataDict.Type) -> torch.Tensor:
        n_atoms: torch.Tensor = data[AtomicDataDict.NUM_NODES_KEY].reshape(-1, 1)
        per_atom: torch.Tensor = data[self.field] / n_atoms
        return per_atom


class MeanSquare(MeanSquaredError):  # type: ignore[misc]
    """NequIP's mean square error, but nought, not NaN, where there is nothing to compare."""

    def compute(self) -> torch.Tensor:
        mean: torch.Tensor = self.sum / self.count.clamp(min=1)
        return mean


class ForceHuber(Metric):
    """Weighted mean of twice Huber's loss over the components of forces.

    A mean square error that grows linearly beyond `delta` (eV/Å). Components whose target is NaN
    are left out; nought where no force has a weight.
    """

    sum: torch.Tensor
    weight: torch.Tensor

    def __init__(self, delta: float) -> None:
        super().__init__()
        self.delta = delta
        nought = torch.zeros((), dtype=torch.float64)
        self.add_state("sum", default=nought.clone(), dist_reduce_fx="sum")
        self.add_state("weight", default=nought.clone(), dist_reduce_fx="sum")

    def update(self, predicted: AtomicDataDict.Type, target: AtomicDataDict.Type) -> None:
        known = ~target[AtomicDataDict.FORCE_KEY].isnan()
        weight = target[FORCE_WEIGHT_KEY].unsqueeze(-1).expand_as(known)[known]
        error = torch.nn.functional.huber_loss(
            predicted[AtomicDataDict.FORCE_KEY][known],
            target[AtomicDataDict.FORCE_KEY][known],
            reduction="none",
            delta=self.delta,
        )
        self.sum = self.sum + 2 * (weight * error).sum()
        self.weight = self.weight + weight.sum()

    def compute(self) -> torch.Tensor:
        mean: torch.Tensor = self.sum / torch.where(self.weight > 0, self.weight, 1.0)
        return mean
