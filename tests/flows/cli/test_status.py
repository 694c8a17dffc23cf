import json

from typer.testing import CliRunner

from flows.cli import app
from flows.summary import status
from storage import open_lake


def run(*arguments):
    return CliRunner().invoke(app, ["status", *map(str, arguments)])


def test_programs_get_everything(finished):
    _, lake = finished
    assert json.loads(run(lake.url, "--json").stdout) == status(lake)


def test_people_get_tables(finished):
    _, lake = finished
    said = run(lake.url)
    assert said.exit_code == 0
    assert "MAE_p95" in said.stdout
    assert "S_ld" in said.stdout


def test_an_empty_lake_is_no_error(tmp_path):
    open_lake(tmp_path / "lake")
    said = run(tmp_path / "lake")
    assert said.exit_code == 0
    assert "holds no campaign yet" in " ".join(said.stdout.split())
    assert json.loads(run(tmp_path / "lake", "--json").stdout)["campaigns"] == []


def test_a_lake_that_is_not_there_is_one_sentence(tmp_path):
    for arguments in ([tmp_path / "none"], [tmp_path / "none", "--json"]):
        said = run(*arguments)
        assert said.exit_code == 2
        assert "there is no lake at" in said.output
        assert "Traceback" not in said.output
    assert list(tmp_path.iterdir()) == []
