import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.study import STUDIES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "studies.md").read_text()
BLOCKS = dict(re.findall(r"^```yaml\n# ([a-z-]+)\.yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.mark.parametrize("name", BLOCKS)
def test_the_options_of_the_page_are_options(name):
    from importlib import import_module

    module = import_module(f"flows.studies.{name.replace('-', '_')}")
    options = next(o for o in STUDIES if o.lower() == name.replace("-", ""))
    spec = getattr(module, options).model_validate(
        yaml.safe_load(BLOCKS[name]), context={"folder": ROOT}
    )
    assert spec.file == ROOT / f"{name}.json"


def test_every_study_has_its_verb():
    shown = CliRunner().invoke(app, ["study", "--help"])
    assert shown.exit_code == 0
    for name in BLOCKS:
        assert name in shown.output


def test_options_that_are_wrong_are_one_sentence(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(BLOCKS["error-map"])
    said = CliRunner().invoke(app, ["study", "error-map", str(path)])
    assert said.exit_code == 2
    assert "test: there is no file" in " ".join(said.output.split())
