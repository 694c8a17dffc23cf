"""`nearsight bootstrap`: a first potential from nothing."""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, console, read, told


@app.command()
def bootstrap(recipe: ParametersFile) -> None:
    """Make a first potential from nothing: rattled structures, then walks."""
    from flows.bootstrap import Bootstrap
    from flows.bootstrap import bootstrap as flow

    parameters = read(recipe, Bootstrap)
    with told():
        flow(parameters)
        console.print(f"Model: {parameters.file}", highlight=False)
