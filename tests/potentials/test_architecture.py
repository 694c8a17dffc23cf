from __future__ import annotations

import pytest
from pydantic import ValidationError

from nearsight.potentials import PRESETS, Architecture
from nearsight.spec import Spec


@pytest.mark.parametrize("features", [(8,), (8, 4, 2), (8, 0), (8, -1), ()])
def test_one_positive_multiplicity_for_each_rotation_order(features: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="num_features needs 2 positive numbers"):
        Architecture(l_max=1, num_features=features)


def test_a_name_stands_for_numbers_wherever_an_architecture_stands() -> None:
    class Recipe(Spec):
        architecture: Architecture

    for name in PRESETS:
        built = Recipe.model_validate({"architecture": name}).architecture
        assert Architecture.model_validate_json(built.model_dump_json()) == built
        assert name not in built.model_dump_json()
    assert built != Recipe(architecture=Architecture()).architecture
    with pytest.raises(ValidationError, match="no preset 'paper-9'; there are paper-8, "):
        Recipe.model_validate({"architecture": "paper-9"})


def test_sizes_of_presets() -> None:
    """8 and 16 numbers describe an atom in the paper; NequIP knows its own sizes."""
    from nequip.model.nequip_models import _NEQUIP_GNN_PRESETS, _NEQUIP_GNN_STANDARD_PRESET

    assert Architecture.model_validate("paper-8").num_features[0] == 8
    assert Architecture.model_validate("paper-16").num_features[0] == 16
    for size in "SML":
        ours = Architecture.model_validate(f"nequip-{size.lower()}").model_dump()
        theirs = _NEQUIP_GNN_STANDARD_PRESET | _NEQUIP_GNN_PRESETS[size]
        assert theirs.pop("type_embed_num_features") == ours["type_embedding"]
        assert theirs.pop("radial_mlp_depth") == 1  # as `build_config` has it
        theirs["num_features"] = tuple(theirs["num_features"])
        assert theirs.items() <= ours.items()


def test_architectures_of_old_say_nothing_of_what_came_later() -> None:
    """Keys are hashes of what `model_dump` says."""
    assert "type_embedding" not in Architecture().model_dump(mode="json")
    assert Architecture(type_embedding=4).model_dump(mode="json")["type_embedding"] == 4
