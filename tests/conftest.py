"""What tests of tasks and flows share: one Prefect server, a few labelled frames, one campaign."""

import lzma
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path

import ase.io
import pytest

HELPERS = str(Path(__file__).parent / "helpers")
sys.path.insert(0, HELPERS)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HELPERS, os.environ.get("PYTHONPATH")]))
# Read by Prefect when it is first imported.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="nearsight-prefect-")
os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"
os.environ["DO_NOT_TRACK"] = "1"
os.environ.pop("PREFECT_API_URL", None)


@pytest.fixture(scope="session")
def prefect():
    """A Prefect server for flows to run in; the address of its API."""
    from flows.server import prefect_server

    with prefect_server() as ready:
        ready()
        from prefect.settings import PREFECT_API_URL

        yield PREFECT_API_URL.value()


@dataclass(frozen=True)
class Files:
    """A start model and a few labelled frames of what ships with Nearsight."""

    model: Path
    training: Path
    pristine: Path
    defect: Path


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    from flows.campaign import DATA

    folder = tmp_path_factory.mktemp("files")
    for name, count in (("pristine-train", 4), ("pristine-test", 2), ("linker-defect-test", 2)):
        with lzma.open(DATA / f"{name}.extxyz.xz", "rt") as packed:
            text = StringIO(packed.read())
        frames = ase.io.iread(text, index=":", format="extxyz")
        ase.io.write(folder / f"{name}.extxyz", list(islice(frames, count)), format="extxyz")
    return Files(
        model=DATA / "pristine.safetensors",
        training=folder / "pristine-train.extxyz",
        pristine=folder / "pristine-test.extxyz",
        defect=folder / "linker-defect-test.extxyz",
    )


def options(files, lake, **changed):
    """Options of a campaign that takes seconds, its work done in this process."""
    nobody = {"workers": 0}
    return {
        "name": "tiny",
        "lake": str(lake),
        "systems": [{"variant": "ld"}],
        "start": {"training": str(files.training), "model": str(files.model)},
        "tests": {"S_pr": str(files.pristine), "S_ld": str(files.defect)},
        "cycles": 1,
        "walks": 1,
        "walk": {"duration": 5.0, "frame_interval": 5.0},
        "density": {"max_components": 2, "max_samples": 500, "quantile": 0.05, "margin": 0.0},
        "extraction": {"clusters": 2, "min_unknown": 1},
        "retraining": {"replay": 2, "schedule": {"epochs": 1, "validation_fraction": 0.3}},
        "site": {"md": nobody, "qm": nobody, "train": nobody, "cpu": nobody},
    } | changed


@pytest.fixture(scope="session")
def tiny(files):
    """Make the options of a tiny campaign: `tiny(lake, **changed)`."""
    return lambda lake, **changed: options(files, lake, **changed)


@pytest.fixture(scope="session")
def finished(prefect, tiny, tmp_path_factory):
    """A campaign that ran to its end, everything real: its parameters and its lake, to be read."""
    from flows.al_cycle import al_cycle
    from flows.campaign import Campaign
    from storage import open_lake

    campaign = Campaign.model_validate(tiny(tmp_path_factory.mktemp("finished") / "lake"))
    assert al_cycle(campaign) == "cycles done"
    return campaign, open_lake(campaign.lake, mode="r")


@pytest.fixture(scope="module")
def browser():
    """A real browser without a window."""
    from playwright.sync_api import sync_playwright

    if (chromium := shutil.which("chromium")) is None:
        pytest.skip("no chromium here (Debian's package)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[400, 1280])
def page(request, browser):
    """An empty page as wide as a phone and as a desk; it must neither fail nor ask anyone."""
    page = browser.new_page(viewport={"width": request.param, "height": 800})
    asked, wrong = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    yield page
    page.close()
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    assert not wrong
