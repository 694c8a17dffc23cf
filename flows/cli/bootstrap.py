"""`nearsight bootstrap`: a first potential from nothing."""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, at_work, console, read


@app.command()
def bootstrap(recipe: ParametersFile) -> None:
    """Make a first potential from nothing: rattled structures, then walks."""
    from flows.bootstrap import Bootstrap
    from flows.bootstrap import bootstrap as flow

    parameters = read(recipe, Bootstrap)
    with at_work() as ready:
        ready()
        flow(parameters)
        console.print(f"Model: {parameters.file}", highlight=False)
