import pytest
from pydantic import Field, ValidationError

from nearsight.spec import Spec


class Walk(Spec):
    duration: float = 500.0
    pressure: tuple[float, float] = (-1.5, 1.5)


class Recipe(Spec):
    walk: Walk = Field(Walk(pressure=(-2.5, 2.0)))
    other: Walk | None = Walk(duration=5.0)


class Campaign(Spec):
    recipe: Recipe = Recipe(walk=Walk(duration=30.0, pressure=(0.0, 1.0)))


def test_a_group_in_part_keeps_the_rest_of_the_default_that_is_shown_there():
    assert Recipe.model_validate({"walk": {"duration": 10.0}}).walk == Walk(
        duration=10.0, pressure=(-2.5, 2.0)
    )
    assert Recipe.model_validate({"walk": {}}) == Recipe()


def test_in_a_group_of_groups_the_nearest_default_that_was_set_counts():
    told = Campaign.model_validate({"recipe": {"other": None}})
    assert told.recipe == Recipe(walk=Walk(duration=30.0, pressure=(0.0, 1.0)), other=None)


def test_a_whole_group_or_a_choice_of_kinds_is_taken_as_it_is():
    assert Recipe(walk=Walk(duration=10.0)).walk.pressure == (-1.5, 1.5)
    assert Recipe.model_validate({"other": {"pressure": (0.0, 0.0)}}).other.duration == 500.0


def test_what_is_unknown_in_a_group_is_still_refused():
    with pytest.raises(ValidationError, match=r"walk\.tempo"):
        Recipe.model_validate({"walk": {"tempo": 1}})
