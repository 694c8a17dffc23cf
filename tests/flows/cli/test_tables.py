import io

from rich.console import Console

from flows.cli.tables import errors_table, time_by_stage


def test_the_table_fits_eighty_columns(finished):
    campaign, lake = finished
    out = io.StringIO()
    Console(file=out, width=80).print(errors_table(lake, campaign.name))
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in out.getvalue()
    for heading in (
        "cycle",
        "clusters",
        "labels",
        "test set",
        "MAE_p95",
        "RMSE",
        "ΔE_avg",
        "ΔE_std",
    ):
        assert heading in out.getvalue()


def test_time_is_told_by_stage(finished):
    campaign, lake = finished
    told = time_by_stage(lake, campaign.name)
    for stage in ("evaluate", "explore", "label", "train"):
        assert f"{stage} " in told
    assert time_by_stage(lake, "other") == "Work, all workers together: none yet."
