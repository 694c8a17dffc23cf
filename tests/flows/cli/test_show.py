import pytest
import typer

from flows.campaign import Campaign
from flows.cli.show import run_and_show


def test_a_finished_campaign_is_shown_and_nothing_computed(finished, monkeypatch, tmp_path, capsys):
    campaign, lake = finished
    before = {kind: lake.keys(kind) for kind in ("label", "walk", "model", "evaluation", "batch")}
    monkeypatch.chdir(tmp_path)
    run_and_show(campaign)
    said = capsys.readouterr()
    assert "nothing was computed" in said.err
    assert "Ended: cycles done." in said.out
    assert (tmp_path / "tiny-report.html").is_file()
    assert {kind: lake.keys(kind) for kind in before} == before


def test_changed_options_are_refused_in_one_sentence(finished, tiny, capsys):
    campaign, _ = finished
    other = Campaign.model_validate(tiny(campaign.lake, seed=7))
    with pytest.raises(typer.Exit) as left:
        run_and_show(other)
    assert left.value.exit_code == 2
    said = capsys.readouterr().err
    assert "was run with another seed;" in " ".join(said.split())
    assert "Traceback" not in said
