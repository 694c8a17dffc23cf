"""A result of the paper by its verb, on a tiny scale: everything real, its work done here."""

import json
import re
from shutil import copytree

import pytest
from cheap import SITE
from typer.testing import CliRunner

from flows.cli import app
from flows.reproduce import Reproduction
from flows.reproduction import work
from flows.reproduction.results import RESULTS
from storage import open_lake


def reproduce(*words):
    return CliRunner().invoke(app, ["reproduce", *map(str, words)], terminal_width=200)


@pytest.fixture(scope="module")
def made(prefect, finished, files, tmp_path_factory):
    """Where the result is: a campaign that its lake holds already, then a study of its model."""
    folder = tmp_path_factory.mktemp("reproduced")
    (folder / "scales" / "small").mkdir(parents=True)
    campaign, lake = finished
    copytree(campaign.lake, folder / "lake")
    before = set(lake.keys("walk"))
    told = campaign.model_dump(mode="json", exclude={"lake", "site"}, exclude_unset=True)
    study = {
        "flow": "likelihood_vs_error",
        "after": ["learn"],
        "file": "likelihood.json",
        "model": {"tag": "tiny/cycle-001"},
        "training": str(files.training),
        "tests": {"D_pr": str(files.pristine), "D_ld": str(files.defect)},
        "density": told["density"],
    }
    for name, options in {"learn": {"flow": "al_cycle"} | told, "likelihood": study}.items():
        (folder / "scales" / "small" / f"{name}.yaml").write_text(json.dumps(options))
    (folder / "site.yaml").write_text(SITE.model_dump_json(include={"md", "qm", "train", "cpu"}))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(work, "FOLDER", folder / "scales")
        where = (
            "--lake",
            folder / "lake",
            "--site",
            folder / "site.yaml",
            "--folder",
            folder / "out",
        )
        said = [reproduce("si-7", *where) for _ in range(2)]
    assert set(open_lake(folder / "lake").keys("walk")) == before
    return folder / "out", said


def test_it_says_what_agrees(made):
    folder, (said, again) = made
    assert said.exit_code == 0, said.output
    assert "Unlikely atoms have larger errors, on D_ld – " in said.output
    assert f"Page: {folder / 'si-7.html'}" in said.output
    told = [said.output.partition("Unlikely")[2], again.output.partition("Unlikely")[2]]
    assert told[0] == told[1]
    assert "Everything was in the lake: nothing was computed." in again.output
    assert not re.search(r"\d pieces?$", again.output, re.MULTILINE)


def test_numbers_claims_and_figures_lie_in_its_folder(made):
    folder, _ = made
    told = json.loads((folder / "si-7.json").read_text())
    assert told["level"] == "SevenNet-0 (teacher)"
    assert told["scale"] == "small"
    assert {claim["verdict"] for claim in told["claims"]} <= {
        "holds",
        "does not hold",
        "not tested at this scale",
    }
    study = json.loads((folder / "likelihood.json").read_text())["tests"]["D_ld"]
    here = {row["quantity"]: row["here"] for row in told["rows"]}
    assert here[f"D_ld, unknown atoms of {study['atoms']:,}"] == f"{study['unknown']:.3g}"
    page = (folder / "si-7.md").read_text()
    assert page.startswith("# SI.7: Likelihood against error\n")
    assert "In the paper: Section 2.3, which cites SI.7." in page
    assert "learn, likelihood" in page
    for claim in told["claims"]:
        assert f"| {claim['sentence']} | {claim['verdict']} | {claim['figures']} |" in page
    for picture in ("si-7.png", "si-7-2.png"):
        assert f"]({picture})" in page
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


def test_what_it_stands_on_is_kept(made):
    folder, _ = made
    lake = open_lake(folder.parent / "lake", mode="r")
    tags = [tag.partition("studies/")[2].rpartition("-")[0] for tag in lake.tags()]
    assert tags.count("reproduction-si-7") == 1
    assert tags.count("likelihood-vs-error") == 1


def test_all_results_are_listed_with_their_work():
    said = reproduce()
    assert said.exit_code == 0
    for name in RESULTS:
        assert name in said.output
    assert "learning-curve" in said.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["table-9"], "result: there is no result 'table-9'; there are figure-4, "),
        (["table-3", "--site", "none.yaml"], "site: the site file"),
        (["table-3", "--scale", "huge"], "'huge' is not one of"),
    ],
)
def test_what_cannot_be_is_refused(words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = reproduce(*words)
    assert said.exit_code == 2
    assert sentence in " ".join(said.output.split())
    assert not list(tmp_path.iterdir())


def test_its_form_offers_the_results():
    fields = Reproduction.model_json_schema()["properties"]
    assert fields["result"]["enum"] == list(RESULTS)
