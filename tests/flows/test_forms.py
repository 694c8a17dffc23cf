"""The Prefect UI in a real browser: forms start runs, refuse what is wrong, and show what came.

SCREENSHOTS=docs keeps the pictures that the documentation shows.
"""

import os
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here (Debian's package)")


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


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
        page.screenshot(path=Path(folder) / f"{name}.png")


def go(page, services, where):
    address = services.api.removesuffix("/api")
    page.goto(f"{address}/v2/{where}", wait_until="commit")  # what it waits for is looked for


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
    late = time.monotonic() + 240
    while not client.read_flow_run(run.id).state.is_final():
        assert time.monotonic() < late
        time.sleep(0.5)
    ended = client.read_flow_run(run.id)
    assert ended.state.is_completed(), ended.state.message
    assert (services.folder / "my-pages" / "tiny-report.html").exists()
    go(page, services, f"runs/flow-run/{run.id}?tab=Artifacts")
    for key in ("status", "tiny-errors", "tiny-report"):
        expect(page.get_by_text(key, exact=True).first).to_be_visible()
    shoot(page, "prefect-artifacts")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
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
