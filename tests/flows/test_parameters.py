import pytest

from flows.campaign import Campaign
from flows.parameters import BadParameters, read_parameters


def read(tmp_path, text):
    path = tmp_path / "campaign.yaml"
    path.write_text(text)
    return read_parameters(path, Campaign)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cylces: 3", "there is no field 'cylces', did you mean 'cycles'?"),
        (
            "walk: {temprature: 300}",
            "there is no field 'walk.temprature', did you mean 'temperature'?",
        ),
        ("site: {gpu: {}}", "there is no field 'site.gpu'; known here: md, qm, train, cpu, labels"),
        ("walk: {temperature: 600 K}", "walk.temperature: write a plain number in K, not '600 K'"),
        ("walk: {timestep: 0.5 ps}", "walk.timestep: write a plain number in fs, not '0.5 ps'"),
        (
            "walk: {pressure: [0, 1 GPa]}",
            "walk.pressure.1: write a plain number in GPa, not '1 GPa'",
        ),
        ("cycles: 3 cycles", "cycles: write a plain number, not '3 cycles'"),
        ("walk: {temperature: -5}", "walk.temperature: input should be greater than 0, not -5"),
        ("walk: {temperature: .nan}", "walk.temperature: input should be a finite number, not nan"),
        ("cycles: two", "cycles: input should be a valid integer"),
        ("cycles:", "cycles: input should be a valid integer, not empty"),
        ("cycles: 2.5", "cycles: input should be a valid integer"),
        ("walk: {pressure: [2, -2]}", "walk.pressure: its lower end 2 lies above its upper end -2"),
        (
            "walk: {pressure: [-1500, 1500]}",
            "walk.pressure: -1500 to 1500 is beyond ±20 GPa; pressures",
        ),
        ("walk: {pressure: [1]}", "walk.pressure.1: field required"),
        ("walk: {duration: 0.1}", "walk.duration: 0.1 fs is shorter than one time step of 0.5 fs"),
        (
            "walk: {frame_interval: 0.1}",
            "walk.frame_interval: 0.1 fs is shorter than one time step",
        ),
        ("walk: {volume_range: [1.2, 0.8]}", "walk.volume_range: 1.2 to 0.8 must lie above 0"),
        ("level: {kind: gpaw, h: 0.2}", "there is no field 'level.h'; known here: kind, xc, "),
        (
            "level: {name: x, calculator: a.b, argument: {}}",
            "there is no field 'level.argument', did you mean 'arguments'?",
        ),
        ("level: {kind: gpaw, spacing: 0.2 A}", "level.spacing: write a plain number in Å, not"),
        ("level: {kind: gpow}", "level.kind: must be 'calculator', 'gpaw' or 'tblite', not 'gpow'"),
        ("systems: []", "systems: at least 1 must be given"),
        ("systems: [{variant: xx}]", "systems.0.variant: input should be 'pr', 'ld', 'ld-2/1', "),
        ("systems: [{variant: ld, file: a.cif}]", "systems.0: 'variant' and 'file' cannot both be"),
        ("systems: [{file: a.cif}]", "systems.0.file: there is no file {folder}/a.cif"),
        ("start: {model: m.st}", "start.model: there is no file {folder}/m.st"),
        ("tests: {mine: a.xyz}", "tests.mine: there is no file {folder}/a.xyz"),
        ("name: Zr MOF", "name: string should match pattern"),
        ("name: no", "name: input should be a valid string, not False"),
        ("lake: 3", "lake: input should be a valid string, not 3"),
        ("walk: 3", "walk: input should be"),
        ("- a list", "must hold fields and their values, such as 'name: my-mof'"),
        ("", "must hold fields and their values"),
        ("just words", "must hold fields and their values"),
        ("a: [", "is not valid YAML: "),
        ("a: b: c", "is not valid YAML: "),
        ("{1: 2}", "keys should be strings"),
    ],
)
def test_bad_files_are_refused_in_one_sentence_that_names_the_field(tmp_path, text, sentence):
    with pytest.raises(BadParameters) as refused:
        read(tmp_path, text)
    said = str(refused.value)
    assert said.startswith(f"{tmp_path}/campaign.yaml")
    assert sentence.replace("{folder}", str(tmp_path)) in said
    assert "\n" not in said
    assert "pydantic" not in said
    assert not (tmp_path / "lake").exists()


def test_more_than_one_mistake_is_counted(tmp_path):
    with pytest.raises(BadParameters, match=r"\(and 1 more\)$"):
        read(tmp_path, "cycles: -1\nwalks: -1")


@pytest.mark.parametrize("name", ["none.yaml", "."])
def test_what_cannot_be_read_is_refused(tmp_path, name):
    with pytest.raises(BadParameters, match="cannot be read"):
        read_parameters(tmp_path / name, Campaign)


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "campaign.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadParameters, match="not valid YAML"):
        read_parameters(path, Campaign)


def test_paths_start_at_the_files_folder(tmp_path):
    (tmp_path / "mof.cif").touch()
    campaign = read(tmp_path, "systems: [{file: mof.cif}]")
    assert campaign.lake == str(tmp_path / "lake")
    assert campaign.systems[0].file == tmp_path / "mof.cif"
    assert read(tmp_path, "lake: sub/mine").lake == str(tmp_path / "sub" / "mine")


def test_numbers_may_be_written_as_yaml_has_them(tmp_path):
    campaign = read(tmp_path, "retraining: {schedule: {learning_rate: 1e-3}}")
    assert campaign.retraining.schedule.learning_rate == 1e-3
