import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.cli.run import FLOWS
from flows.parameters import read_flow

ROOT = Path(__file__).parents[3]
BLOCK = re.compile(r"^```yaml\n(# (\w+)\.yaml\nflow: (\w+)\n.*?)^```", re.DOTALL | re.MULTILINE)
BLOCKS = [
    block
    for page in ("mechanics", "mesoscale")
    for block in BLOCK.findall((ROOT / "docs" / f"{page}.md").read_text())
]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cycles: -1", "cycles: input should be greater than or equal to 1, not -1"),
        ("walk: {temperature: 600 K}", "walk.temperature: write a plain number in K"),
        ("- a", "must hold fields"),
    ],
)
def test_bad_options_end_before_anything_runs(tmp_path, text, sentence):
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    said = CliRunner().invoke(app, ["run", str(path)])
    assert said.exit_code == 2
    assert sentence in said.output
    assert list(tmp_path.iterdir()) == [path]


def test_a_flow_that_is_none_is_refused_with_those_there_are(tmp_path):
    path = tmp_path / "pv.yaml"
    path.write_text("flow: mechanical_vp")
    said = CliRunner().invoke(app, ["run", str(path)])
    assert said.exit_code == 2
    assert "must be one of al_cycle, mechanical_pv" in " ".join(said.output.split())


@pytest.mark.parametrize(("text", "name", "flow"), BLOCKS)
def test_the_parameters_of_the_page_are_those_of_their_flow(tmp_path, text, name, flow):
    path = tmp_path / f"{name}.yaml"
    path.write_text(text)
    told, spec = read_flow(path, FLOWS, default="al_cycle")
    assert told == flow
    assert spec.lake.startswith(str(tmp_path))
    assert flow == "al_cycle" or spec.file == tmp_path / f"{name}.json"


def test_the_pages_show_every_flow():
    assert {flow for _, _, flow in BLOCKS} == set(FLOWS)
