from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from rich.console import Console
from studies import written

from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.cross_validation import CrossValidation
from storage import open_lake
from storage.origin import Origin


@pytest.fixture
def found(small):
    lake = open_lake(small.lake)
    record = Origin("density", "one").record({"model": "", "dataset": ""}, {})
    lake.put(record)
    drawing = Drawing("Title", "A caption.", "what it shows", Figure())
    return Findings(
        study="my-study",
        title="My study",
        level="Morse",
        said=("One sentence.",),
        how="In no time.",
        rows=({"what": "a", "error, meV/Å": "12"}, {"what": "b", "error, meV/Å": "3"}),
        note="In units.",
        drawings=(drawing, drawing),
        numbers={"errors": [12, 3]},
        records={"density": [record.key]},
    )


def test_results_are_written_side_by_side_and_tagged_once(found, small, tmp_path):
    file = tmp_path / "deep" / "found.json"
    lake = open_lake(small.lake)
    assert found.keep(lake, file) is found
    found.keep(lake, file)
    told = written(file)
    assert told["errors"] == [12, 3]
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "found-2.png",
        "found.html",
        "found.json",
        "found.png",
    ]
    assert [tag for tag in lake.tags() if tag.startswith("studies/")] == [told["tag"]]
    page = file.with_suffix(".html").read_text()
    assert page.count("Level of theory: Morse.") == 2
    assert "<td>12</td>" in page
    (table,) = found.tables()
    assert [column.header for column in table.columns] == ["what", "error, meV/Å"]


def test_means_are_a_table_before_the_other(found, small, tmp_path):
    both = replace(found, means=({"mean": "a and b", "error, meV/Å": "7.5"},))
    both.keep(open_lake(small.lake), tmp_path / "found.json")
    page = (tmp_path / "found.html").read_text()
    assert page.index("<td>7.5</td>") < page.index("<td>12</td>")
    means, rows = both.tables()
    assert (means.row_count, rows.row_count) == (1, 2)
    assert (means.caption, rows.caption) == (None, "In units.")


def test_a_narrow_terminal_shows_names_as_they_are(found):
    """Names are the user's: long words were cut, and what they bracket was taken for style."""
    rows = ({"what": "committee [warm]", "error": "12"},)
    narrow = Console(width=14)
    with narrow.capture() as shown:
        narrow.print(*replace(found, rows=rows).tables())
    table = shown.get().partition("error")[2]
    assert "…" not in table
    assert "[warm" in table
    assert "12" in table


def test_files_that_are_not_there_are_refused_at_once(options, small, tmp_path):
    with pytest.raises(ValueError, match=r"file: .*\.yaml must end in \.json"):
        StudySpec.model_validate(options | {"file": tmp_path / "found.yaml"})
    wanted = options | {"models": {"m": {"file": small.model}}, "tests": {"S_pr": "none.extxyz"}}
    with pytest.raises(ValueError, match=r"tests\.S_pr: there is no file none\.extxyz"):
        CrossValidation.model_validate(wanted)
    wanted["models"] = {"m": {"file": small.model, "key": "0"}}
    with pytest.raises(ValueError, match="one of file, tag and key"):
        CrossValidation.model_validate(wanted)


def test_a_site_may_have_a_scratch_folder(options, tmp_path):
    told = StudySpec.model_validate(options | {"site": {"labels": {"scratch": tmp_path}}})
    assert told.site.labels.scratch == tmp_path
