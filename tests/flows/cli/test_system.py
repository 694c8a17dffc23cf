import ase.io
import pytest
from typer.testing import CliRunner

from flows.cli import app as application


@pytest.fixture
def told(tmp_path):
    def run(spec, *options):
        (tmp_path / "spec.yaml").write_text(spec)
        return CliRunner().invoke(application, ["system", str(tmp_path / "spec.yaml"), *options])

    return run


def test_what_a_system_is_made_of(told):
    shown = told("variant: reo")
    assert shown.exit_code == 0
    said = " ".join(shown.output.split())
    assert "System S_reo Atoms 294, C108H72O96Zr18" in said
    assert "Blocks brick 3, linker 12 Linkers a brick 8.00 (8: 3)" in said
    assert "0.00-0.25-0.50" in said


def test_files(told, tmp_path):
    structure, picture = tmp_path / "reo.cif", tmp_path / "reo.png"
    shown = told("variant: reo", "--structure", str(structure), "--picture", str(picture))
    assert shown.exit_code == 0
    assert len(ase.io.read(structure)) == 294
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("spec", "options", "reason"),
    [
        ("disorder: {brick: 0.01}", [], "take a larger supercell"),
        ("variant: reo", ["--structure", "reo.nonsense"], "cannot be written"),
        ("variant: reo", ["--picture", "reo.pdf"], "must end in .svg or .png"),
        ("variant: oer", [], "variant"),
    ],
)
def test_refusals(told, spec, options, reason):
    shown = told(spec, *options)
    assert shown.exit_code == 2
    assert reason in " ".join(shown.output.split())
