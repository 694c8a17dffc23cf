"""`nearsight demo`: the main job on embedded defaults."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.cli.app import app


@app.command()
def demo(
    lake: Annotated[str, typer.Option(help="Directory of the lake")] = "lake/demo",
) -> None:
    """Learn a linker defect in UiO-66 from clusters, on this machine, in minutes."""
    from flows.campaign import DEMO
    from flows.cli.show import run_and_show

    run_and_show(DEMO.model_copy(update={"lake": lake}))
