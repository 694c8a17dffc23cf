import ase.io
import pytest
from ase.build import bulk
from engines import needs

from flows.campaign import Campaign
from flows.parameters import BadParameters
from flows.preflight import check

MORSE = {"name": "Morse", "calculator": "teachers.Logged", "arguments": {"log": "/dev/null"}}


@pytest.fixture
def unlabelled(files, tmp_path):
    """Files that do not say at which level they were labelled."""

    def strip(path):
        copy = tmp_path / path.name
        copy.write_text(path.read_text().replace('level="SevenNet-0 (teacher)"', ""))
        return str(copy)

    return {
        "start": {"training": strip(files.training), "model": str(files.model)},
        "tests": {"S_pr": strip(files.pristine)},
        "level": MORSE,
    }


def refusal(options):
    with pytest.raises(BadParameters) as refused:
        check(Campaign.model_validate(options))
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_launcher_and_scratch_of_jobs_need_not_be_here(tiny, unlabelled, tmp_path):
    needs("gpaw")
    jobs = {"kind": "slurm", "memory": 4, "walltime": "30:00:00", "interface": "lo"}
    labels = {"command": "no-such-launcher", "scratch": str(tmp_path / "of-the-nodes")}
    site = {"qm": jobs, "labels": labels}
    options = tiny(tmp_path / "lake", **unlabelled) | {"level": {"kind": "gpaw"}}
    assert "no scratch folder" in refusal(options | {"site": {"labels": labels}})
    check(Campaign.model_validate(options | {"site": site}))


def test_a_campaign_that_can_begin_passes(tiny, unlabelled, tmp_path):
    check(Campaign.model_validate(tiny(tmp_path / "lake", **unlabelled)))
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("level", "message"),
    [
        ({"calculator": "nosuch.engine.Calc"}, "level: .* not installed: pip install nosuch"),
        ({"calculator": "teachers.Nobody"}, "level: the module teachers has no Nobody"),
        ({"arguments": {"lgo": 1}}, "level: teachers.Logged does not start"),
    ],
)
def test_an_engine_that_is_missing_is_told(tiny, unlabelled, tmp_path, level, message):
    options = tiny(tmp_path / "lake", **unlabelled | {"level": MORSE | level})
    with pytest.raises(BadParameters, match=message):
        check(Campaign.model_validate(options))


def test_an_explorer_that_is_missing_is_told(tiny, unlabelled, tmp_path):
    explorer = {"name": "none", "calculator": "nosuch.engine.Calc"}
    said = refusal(tiny(tmp_path / "lake", **unlabelled, explorer=explorer))
    assert said.startswith("explorer: nosuch.engine.Calc needs the package nosuch")


def test_an_explorer_without_stress_keeps_the_volume(tiny, unlabelled, tmp_path):
    needs("gpaw")
    options = tiny(tmp_path / "lake", **unlabelled, explorer={"kind": "gpaw"})
    assert refusal(options).startswith("explorer: PBE-D3(BJ), h = 0.175 Å has no stress")
    check(Campaign.model_validate(options | {"walk": {"pressure": None}}))


def test_labels_of_another_level_are_refused(tiny, tmp_path):
    said = refusal(tiny(tmp_path / "lake", level=MORSE))
    assert said.startswith("start.training: ")
    assert "labelled with 'SevenNet-0 (teacher)'" in said


def test_a_test_set_that_is_none_is_refused(tiny, unlabelled, tmp_path):
    (tmp_path / "bad.xyz").write_text("no structure\n")
    tests = {"mine": str(tmp_path / "bad.xyz")}
    assert refusal(tiny(tmp_path / "lake", **unlabelled | {"tests": tests})).startswith(
        "tests.mine: "
    )


def test_a_model_that_is_none_is_refused(tiny, unlabelled, tmp_path):
    (tmp_path / "bad.st").write_text("no model")
    start = unlabelled["start"] | {"model": str(tmp_path / "bad.st")}
    assert refusal(tiny(tmp_path / "lake", **unlabelled | {"start": start})).startswith(
        "start.model: "
    )


def test_a_framework_that_cannot_be_taken_apart_is_refused(tiny, unlabelled, tmp_path):
    ase.io.write(tmp_path / "cu.cif", bulk("Cu", cubic=True))
    systems = [{"variant": "ld"}, {"file": str(tmp_path / "cu.cif")}]
    assert refusal(tiny(tmp_path / "lake", **unlabelled, systems=systems)).startswith("systems.1: ")


def test_a_rod_of_which_no_cluster_can_be_cut_is_refused(tiny, unlabelled, tmp_path, mil_53):
    systems = [{"file": str(mil_53)}]
    said = refusal(tiny(tmp_path / "lake", **unlabelled, systems=systems))
    assert said.startswith("systems.0: mil-53 holds a rod that runs without end")
