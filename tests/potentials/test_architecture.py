from __future__ import annotations

import pytest
from pydantic import ValidationError

from nearsight.potentials import Architecture, TrainingSpec


@pytest.mark.parametrize("features", [(8,), (8, 4, 2), (8, 0), (8, -1), ()])
def test_one_positive_multiplicity_for_each_rotation_order(features: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="num_features needs 2 positive numbers"):
        Architecture(l_max=1, num_features=features)


@pytest.mark.parametrize("spec", [Architecture(), TrainingSpec(reference_energies={"H": -13.6})])
def test_the_same_after_yaml_and_back(spec: Architecture | TrainingSpec) -> None:
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec


def test_a_loss_needs_a_weight() -> None:
    with pytest.raises(ValidationError, match="must be positive"):
        TrainingSpec(energy_weight=0, force_weight=0, stress_weight=0)
    TrainingSpec(energy_weight=0, stress_weight=0)


def test_typing_errors_are_told() -> None:
    with pytest.raises(ValidationError, match="epoch"):
        TrainingSpec(epoch=3)
    with pytest.raises(ValidationError, match="learning_rate"):
        TrainingSpec(learning_rate=float("nan"))
