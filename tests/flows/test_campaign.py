import pytest
from pydantic import ValidationError

from flows.campaign import DEMO, Campaign


def test_the_demo_needs_no_options_and_its_files_are_there():
    assert (DEMO.name, DEMO.lake, DEMO.start) == ("demo", "lake/demo", Campaign().start)
    assert all(path.is_file() for path in DEMO.files().values())


def test_every_file_is_named_by_its_field(tiny, files, tmp_path):
    cif = tmp_path / "mof.cif"
    cif.touch()
    campaign = Campaign.model_validate(tiny("lake", systems=[{"file": str(cif)}]))
    assert campaign.files() == {
        "start.training": files.training,
        "start.model": files.model,
        "tests.S_pr": files.pristine,
        "tests.S_ld": files.defect,
        "systems.0.file": cif,
    }


def test_a_campaign_survives_json(tiny):
    campaign = Campaign.model_validate(tiny("lake"))
    assert Campaign.model_validate_json(campaign.model_dump_json()) == campaign


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tests": {"S_x": "/no/such.xyz"}}, r"tests\.S_x: there is no file /no/such\.xyz"),
        ({"systems": [{"variant": "ld"}] * 2}, "systems: two of them are called S_ld"),
        ({"systems": []}, "at least 1"),
        ({"tests": {}}, "at least 1"),
        ({"cycles": 0}, "cycles"),
        ({"target": -1.0}, "target"),
        ({"name": "My MOF"}, "name"),
    ],
)
def test_impossible_campaigns_are_refused(tiny, changed, message):
    with pytest.raises(ValidationError, match=message):
        Campaign.model_validate(tiny("lake", **changed))


def test_a_training_set_of_ones_own_needs_its_model_named(tiny, files):
    with pytest.raises(ValidationError, match="model: name the model that was trained"):
        Campaign.model_validate(tiny("lake", start={"training": str(files.training)}))
    begun = tiny("lake", start={"training": str(files.training), "model": None})
    assert Campaign.model_validate(begun).start.model is None
