"""The Prefect UI in a real browser: forms start runs, refuse what is wrong, and show what came.

SCREENSHOTS=docs keeps the pictures that the documentation shows.
"""

import os
import re
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect


@pytest.fixture
def page(browser, services):
    page = browser.new_page(viewport={"width": 1000, "height": 760})
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    page.route(lambda url: not url.startswith("http://127.0.0.1"), lambda route: route.abort())
    yield page
    page.close()


def shoot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_timeout(5000)  # until its graph is drawn
        page.screenshot(path=Path(folder) / f"{name}.png")


def go(page, services, where):
    address = services.api.removesuffix("/api")
    page.goto(f"{address}/v2/{where}", wait_until="commit")  # what it waits for is looked for


def look_at(page, services, key):
    """The page of the newest artifact of that key."""
    go(page, services, f"artifacts/key/{key}")
    page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).first.click()


def wait_for(client, run):
    """The run, once it has ended well."""
    late = time.monotonic() + 240
    while not (now := client.read_flow_run(run.id)).state.is_final():
        assert time.monotonic() < late
        time.sleep(0.5)
    assert now.state.is_completed(), now.state.message
    return now


def runs(client, deployment):
    return [r for r in client.read_flow_runs() if r.deployment_id == deployment.id and r.parameters]


def test_a_form_starts_a_run_and_its_artifacts_show(page, services, client, finished):
    campaign, _ = finished
    (services.folder / "my-lake").symlink_to(campaign.lake)
    deployment = client.read_deployment_by_name("status/here")
    before = runs(client, deployment)
    go(page, services, f"deployments/deployment/{deployment.id}/run")
    page.get_by_role("button", name="Add item").click()
    page.get_by_role("textbox").nth(1).fill("my-lake")
    page.get_by_label("Folder").fill("my-pages")
    shoot(page, "prefect-form")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/deployment/*?tab=*")
    (run,) = [run for run in runs(client, deployment) if run not in before]
    assert run.parameters == {"spec": {"lakes": ["my-lake"], "folder": "my-pages"}}
    wait_for(client, run)
    assert (services.folder / "my-pages" / "tiny-report.html").exists()
    go(page, services, f"runs/flow-run/{run.id}?tab=Artifacts")
    for key in ("status", "tiny-errors", "tiny-report"):
        expect(page.get_by_text(key, exact=True).first).to_be_visible()


def test_a_campaign_tells_its_story(page, services, client, finished, nobody_at_mechanics):
    campaign, _ = finished
    shutil.copytree(campaign.lake, services.folder / "tiny")
    more = campaign.model_dump(mode="json") | {"lake": "tiny", "cycles": 2}
    deployment = client.read_deployment_by_name("al_cycle/here")
    run = client.create_flow_run_from_deployment(deployment.id, parameters={"campaign": more})
    wait_for(client, run)
    page.set_viewport_size({"width": 1500, "height": 1150})
    go(page, services, f"runs/flow-run/{run.id}?tab=Artifacts")
    for told in (
        "tiny-cycle-1",
        "tiny-cycle-2",
        "cycle 2: 1 of 1 walks",
        "cycle 2: 2 of 2 labels",
        "cycle 2: 100% of the epochs of 1 model",
    ):
        expect(page.get_by_text(told, exact=True).first).to_be_visible()
    shoot(page, "prefect-run")
    for cycle, found in (1, "2"), (2, "0"):  # the first was in the lake
        look_at(page, services, f"tiny-cycle-{cycle}")
        told = f"2 converged, 0 failed; {found} found in the lake"
        expect(page.get_by_role("cell", name=told)).to_be_visible()
    expect(page.get_by_role("cell", name="work of the pools")).to_be_visible()
    page.set_viewport_size({"width": 1000, "height": 700})
    shoot(page, "prefect-cycle")
    look_at(page, services, "tiny-report")
    page.get_by_role("link", name="The whole report").click()
    expect(page.get_by_role("heading", name="Campaign tiny")).to_be_visible()
    assert "/reports/tiny-" in page.url


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("Lake", "s3://key:secret@bucket/mof", "'s3://key:secret@bucket/mof' does not match"),
        ("Cycles at most", "0", "Value must be greater than or equal to 1."),
        ("Name (Optional)", "My MOF", "'My MOF' does not match"),
    ],
)
def test_a_wrong_parameter_is_refused_with_a_sentence(
    page, services, client, field, value, sentence
):
    deployment = client.read_deployment_by_name("al_cycle/here")
    before = len(runs(client, deployment))
    go(page, services, f"deployments/deployment/{deployment.id}/run")
    box = page.get_by_label(field).first
    box.fill(value)
    page.get_by_role("button", name="Submit").click()
    if own := box.evaluate("element => element.validationMessage"):  # the browser's own
        assert own == sentence
    else:
        told = page.get_by_text(sentence).first
        expect(told).to_be_visible()
        told.scroll_into_view_if_needed()
        shoot(page, "prefect-refusal")
    assert len(runs(client, deployment)) == before
