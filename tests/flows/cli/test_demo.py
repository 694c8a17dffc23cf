from typer.testing import CliRunner

from flows.cli import app


def test_the_demo_asks_for_nothing_but_a_place():
    said = CliRunner().invoke(app, ["demo", "--help"])
    assert said.exit_code == 0
    assert "lake/demo" in said.output
