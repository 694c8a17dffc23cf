from __future__ import annotations

import pytest
from pydantic import ValidationError

from nearsight.potentials import RegionWeights, TrainingSpec


def test_the_same_after_yaml_and_back() -> None:
    spec = TrainingSpec(
        reference_energies={"H": -13.6},
        region_weights=RegionWeights(mantle=0.5),
        element_weights={"Hf": 4.0},
        patience=3,
    )
    assert TrainingSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_loss_needs_a_weight() -> None:
    with pytest.raises(ValidationError, match="must be positive"):
        TrainingSpec(energy_weight=0, force_weight=0, stress_weight=0)
    TrainingSpec(energy_weight=0, stress_weight=0)


@pytest.mark.parametrize("weights", [{"Xx": 1.0}, {"X": 1.0}, {"Zr": -1.0}])
def test_weights_are_of_elements_and_not_negative(weights: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="element_weights needs symbols of elements"):
        TrainingSpec(element_weights=weights)


def test_typing_errors_are_told() -> None:
    with pytest.raises(ValidationError, match="epoch"):
        TrainingSpec(epoch=3)
    with pytest.raises(ValidationError, match="learning_rate"):
        TrainingSpec(learning_rate=float("nan"))
