from typer.testing import CliRunner

from flows.cli import app
from storage import open_lake


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def test_a_report_is_written_where_it_is_asked_for(finished, tmp_path):
    _, lake = finished
    said = run(lake.url, "--output", tmp_path / "page.html")
    assert said.exit_code == 0
    assert "<html" in (tmp_path / "page.html").read_text()


def test_a_campaign_that_is_not_there_is_one_sentence(finished, tmp_path):
    _, lake = finished
    said = run(lake.url, "--campaign", "other", "--output", tmp_path / "page.html")
    assert said.exit_code == 2
    assert "holds no campaign 'other', only tiny" in " ".join(said.output.split())


def test_an_empty_lake_is_one_sentence(tmp_path):
    open_lake(tmp_path / "lake")
    said = run(tmp_path / "lake")
    assert said.exit_code == 2
    assert "is empty" in said.output
