import re
from pathlib import Path

import yaml
from cheap import MORSE
from typer.testing import CliRunner

from flows.cli import app
from flows.force_matching import ForceMatching
from nearsight.blocks import Within

PAGE = Path(__file__).parents[3] / "docs" / "force-matching.md"


def run(folder, **spec):
    (folder / "spec.yaml").write_text(yaml.safe_dump(spec, allow_unicode=True))
    said = CliRunner().invoke(app, ["force-matching", str(folder / "spec.yaml")])
    return said, " ".join(said.output.split())


def test_the_parameters_on_the_page_are_sound():
    block = re.search(r"^```yaml\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    spec = ForceMatching.model_validate(yaml.safe_load(block[1]))
    assert [b.mantle for b in spec.blueprints] == [0, 1, Within(radius=4), 2]


def test_a_table_a_sentence_and_files(prefect, tmp_path):
    said, output = run(
        tmp_path,
        lake="lake",
        file="out/matching.json",
        system={"variant": "pr"},
        level=MORSE.model_dump(mode="json"),
        blueprints=[{"mantle": 1}],
        cores=[4],
        site={"qm": {"workers": 0}},
    )
    assert said.exit_code == 0, output
    assert "Cores of clusters of S_pr against the bulk" in output
    assert "linker 4" in output
    assert "below 0.05 eV/Å" in output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"matching.json", "matching.png"}


def test_a_tolerance_in_another_unit_is_one_sentence(tmp_path):
    said, output = run(
        tmp_path, lake="lake", file="m.json", system={"variant": "pr"}, tolerance="50 meV/Å"
    )
    assert said.exit_code == 2
    assert "tolerance" in output
