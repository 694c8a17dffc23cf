"""The site of the documentation: it builds, asks nothing of the network, and fits a phone."""

import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from pages import DOCS, ROOT
from playwright.sync_api import expect

PAGES = sorted(page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md"))
PACKAGES = [
    "storage",
    *(f"nearsight.{p.parent.name}" for p in ROOT.glob("nearsight/*/__init__.py")),
]
LOADED = re.compile(
    r"<(?:script|img|link|iframe|source)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\" >]*)"
)


def build(folder, configuration):
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", configuration, "-d", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(folder, ROOT / "mkdocs.yml")
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_in_the_site_and_loads_nothing_from_elsewhere(site):
    for page in PAGES:
        assert not LOADED.findall((site / page).read_text()), page


@pytest.mark.parametrize("package", PACKAGES)
def test_the_reference_tells_all_that_a_package_exports(site, package):
    told = (site / f"reference/{package.rpartition('.')[2]}.html").read_text()
    for name in import_module(package).__all__:
        anchors = (f'id="{package}.{name}"', f'id="{package}.{name}.{name}"')
        assert any(anchor in told for anchor in anchors), name


def test_the_reference_tells_fields(site):
    fields = (site / "reference/parameters.html").read_text()
    assert "Walks for each system in a cycle" in fields


def test_formulas_need_no_script(site):
    theory = (site / "theory/cluster-based-learning.html").read_text()
    assert theory.count("<math") > 10
    assert "arithmatex" not in theory


def test_broken_links_fail_the_build(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# A page\n\n[a](none.md) [b](lake.md#none) [c](../none.yaml)\n")
    (docs / "lake.md").write_text("# The lake\n\n[a file](../mkdocs.yml)\n")
    text, _, _ = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")
    text = re.sub(r"docs/(\w+\.py)", rf"{DOCS}/\1", text)
    (tmp_path / "mkdocs.yml").write_text(text)
    done = build(tmp_path / "site", tmp_path / "mkdocs.yml")
    assert done.returncode != 0
    assert "'none.md', but the target is not found" in done.stderr
    assert "does not contain an anchor '#none'" in done.stderr
    assert "links to ../none.yaml, which is not there" in done.stderr
    assert done.stderr.count("WARNING") == 3


def test_pages_fit_and_come_from_the_disk(site, page):
    for name in PAGES:
        page.goto((site / name).as_uri())
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= page.viewport_size["width"], name


def test_search_finds_a_function(site, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto((site / "index.html").as_uri())
    page.get_by_role("textbox", name="Search").press_sequentially("bulk modulus")
    expect(page.locator(".md-search-result__item").first).to_be_visible(timeout=30_000)
    page.close()
