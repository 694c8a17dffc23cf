import json

import pytest
import yaml
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from flows.campaign import Campaign
from flows.here import SITE_FILE, here
from flows.parameters import read_parameters
from flows.registry import DEPLOYMENTS
from flows.status import Status
from tasks.sites import Pool, Site

ROOT = DEPLOYMENTS.parent
FLOWS = [
    d["entrypoint"]
    for d in yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text())["deployments"]
]


def test_the_site_is_that_of_the_worker_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(SITE_FILE, raising=False)
    assert here() == Site()
    (tmp_path / "hall.yaml").write_text("qm: {workers: 7}")
    monkeypatch.setenv(SITE_FILE, str(tmp_path / "hall.yaml"))
    assert Campaign().site.qm == Pool(workers=7)
    assert Campaign(site=Site()).site.qm == Pool()


def test_the_lake_is_that_of_the_site_unless_another_is_named(tmp_path, monkeypatch):
    monkeypatch.delenv(SITE_FILE, raising=False)
    site = tmp_path / "sites" / "hall.yaml"
    site.parent.mkdir()
    site.write_text("lake: ../lakes/ours")
    ours = str(site.parent / "../lakes/ours")
    campaign = tmp_path / "campaign.yaml"
    campaign.write_text("cycles: 1")
    assert read_parameters(campaign, Campaign).lake == str(tmp_path / "lake")
    campaign.write_text("site: sites/hall.yaml")
    assert read_parameters(campaign, Campaign).lake == ours
    campaign.write_text("site: sites/hall.yaml\nlake: mine")
    assert read_parameters(campaign, Campaign).lake == str(tmp_path / "mine")
    assert (Campaign().lake, Status().lakes) == ("lake", ())
    monkeypatch.setenv(SITE_FILE, str(site))
    assert (Campaign().lake, Status().lakes) == (ours, (ours,))
    assert read_parameters(tmp_path / "campaign.yaml", Campaign).lake == str(tmp_path / "mine")


@pytest.mark.parametrize("entrypoint", FLOWS)
def test_a_form_holds_at_every_site(entrypoint):
    schema = parameter_schema(load_flow_from_entrypoint(entrypoint)).model_dump_for_openapi()
    assert str(ROOT) not in json.dumps(schema)
    (told,) = schema["properties"].values()
    form = schema["definitions"][told["$ref"].rpartition("/")[2]]["properties"]
    if "site" in form:
        assert [way["type"] for way in form["site"]["anyOf"]] == ["string", "object"]
        assert "default" not in form["site"]
        assert form["lake"].get("default") is None


@pytest.mark.parametrize("entrypoint", FLOWS)
def test_every_field_of_a_form_has_a_title(entrypoint):
    schema = parameter_schema(load_flow_from_entrypoint(entrypoint)).model_dump_for_openapi()
    for name, model in schema["definitions"].items():
        for field, told in model.get("properties", {}).items():
            automatic = field.replace("_", " ").title()
            assert told.get("title") or "$ref" in told, f"{name}.{field}"
            assert told.get("title") != automatic or "_" not in field, f"{name}.{field}"
