"""The reports that people open, in a real browser.

SCREENSHOTS=folder keeps pictures of them.
"""

import os
from pathlib import Path
from shutil import copytree

import pytest

from flows.gather import write_report
from flows.studies.likelihood_vs_error import LikelihoodVsError, likelihood_vs_error


@pytest.fixture(scope="module")
def pages(finished, files, tmp_path_factory):
    """Reports of a campaign and of a study, both real, by name."""
    campaign, lake = finished
    folder = tmp_path_factory.mktemp("pages")
    copytree(campaign.lake, folder / "lake")  # the campaign's own stays as others know it
    study = LikelihoodVsError(
        lake=str(folder / "lake"),
        site=campaign.site,
        model={"file": files.model},
        training=files.training,
        density={"max_components": 2, "max_samples": 500},
        tests={"S_pr": files.pristine, "S_ld": files.defect},
        file=folder / "study.json",
    )
    likelihood_vs_error(study)
    return {
        "campaign": write_report(lake, campaign.name, folder / "report.html"),
        "study": folder / "study.html",
    }


def opened(page, file):
    page.goto(file.as_uri())
    if folder := os.environ.get("SCREENSHOTS"):
        width = page.viewport_size["width"]
        page.screenshot(path=Path(folder) / f"{file.stem}-{width}.png", full_page=True)
    return page


def drawn(page):
    """What the canvas shows now, and how many colours it takes."""
    return page.evaluate(
        """() => {
        const canvas = document.querySelector("canvas");
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        const colours = new Set(new Uint32Array(data.buffer));
        return [canvas.toDataURL(), colours.size];
        }"""
    )


@pytest.mark.parametrize("kind", ["campaign", "study"])
def test_a_page_fits_and_all_its_pictures_show(page, pages, kind):
    opened(page, pages[kind])
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shown = page.evaluate("[...document.images].map(i => [i.naturalWidth, i.clientWidth])")
    assert len(shown) > 1
    for natural, client in shown:
        assert natural >= client > 0.6 * min(width, 600)


def test_wide_tables_scroll_by_themselves_and_by_keys(page, pages):
    opened(page, pages["campaign"])
    for region in page.locator(".scroll").all():
        region.focus()
        assert region.evaluate("r => r === document.activeElement")
        assert region.evaluate("r => r.getBoundingClientRect().right <= window.innerWidth")


def test_contents_lead_to_their_sections(page, pages):
    opened(page, pages["campaign"])
    for link in page.locator("nav a").all():
        link.click()
        target = page.locator(link.get_attribute("href"))
        box = target.bounding_box()
        assert -1 < box["y"] < 800, link.inner_text()


def test_the_structure_turns_zooms_and_tells_its_atoms(page, pages):
    opened(page, pages["campaign"])
    canvas, note = page.locator("canvas"), page.locator("output")
    first, colours = drawn(page)
    assert colours > 20
    canvas.press("ArrowLeft")
    turned, _ = drawn(page)
    canvas.press("+")
    zoomed, _ = drawn(page)
    page.get_by_label("element").check()
    coloured, _ = drawn(page)
    assert len({first, turned, zoomed, coloured}) == 4
    box = canvas.bounding_box()
    centre = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for step in range(40):
        page.mouse.move(centre[0] + 3 * step, centre[1] + 2 * step)
        if note.inner_text().startswith("atom "):
            break
    assert ", surprise " in note.inner_text()
    page.mouse.down()
    page.mouse.move(centre[0] + 60, centre[1] + 30)
    page.mouse.up()
    assert drawn(page)[0] != coloured


def test_without_scripts_the_pictures_remain(browser, pages):
    context = browser.new_context(java_script_enabled=False)
    page = opened(context.new_page(), pages["campaign"])
    assert not page.locator("canvas").is_visible()
    assert page.locator("figure img").first.is_visible()
    context.close()
