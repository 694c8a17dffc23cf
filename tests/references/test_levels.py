import json

import pytest
from ase.build import molecule
from cheap import MORSE
from pydantic import ValidationError

from nearsight.references import (
    SEVENNET_0,
    CalculatorLevel,
    Execution,
    GPAWLevel,
    TBLiteLevel,
    read_level,
    reference,
)


@pytest.mark.parametrize("level", [SEVENNET_0, GPAWLevel(), TBLiteLevel(method="GFN2-xTB")])
def test_a_level_is_what_its_options_say(level):
    assert read_level(level.model_dump(mode="json")) == level


def test_options_without_a_kind_are_those_of_a_calculator():
    level = read_level({"name": "EMT", "calculator": "ase.calculators.emt.EMT"})
    assert level == CalculatorLevel(name="EMT", calculator="ase.calculators.emt.EMT")


def test_keys_of_labels_that_lakes_hold_stay_as_they_are():
    assert json.dumps(SEVENNET_0.model_dump(mode="json"), sort_keys=True) == (
        '{"arguments": {"device": "cpu", "model": "7net-0"}, '
        '"calculator": "sevenn.calculator.SevenNetCalculator", '
        '"kind": "calculator", "name": "SevenNet-0 (teacher)"}'
    )


def test_names_say_the_settings():
    assert GPAWLevel().name == "PBE-D3(BJ), h = 0.175 Å"
    assert GPAWLevel(dispersion=False, spacing=0.2).name == "PBE, h = 0.2 Å"
    assert TBLiteLevel(method="GFN2-xTB").name == "GFN2-xTB"
    assert GPAWLevel(name="mine").name == "mine"


@pytest.mark.parametrize(
    "told",
    [{"kind": "gpaw", "spacing": 0}, {"kind": "tblite", "method": "PM6"}, {"kind": "cp2k"}, {}],
)
def test_impossible_levels_are_refused(told):
    with pytest.raises(ValidationError):
        read_level(told)


def test_a_scratch_folder_must_be_there(tmp_path):
    with pytest.raises(ValueError, match="there is no scratch folder"):
        reference(SEVENNET_0, Execution(scratch=tmp_path / "none"))


@pytest.mark.parametrize("level", [MORSE, TBLiteLevel()])
def test_a_command_is_for_engines_that_run_as_a_program(level):
    """A site with one, for GPAW, labels by others as well."""
    told = reference(level, Execution(command="no-such-launcher -n 2")).label(molecule("H2"))
    assert told.status == "converged"
