"""`nearsight dataset`: training and test sets from walks."""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, at_work, console, read


@app.command()
def dataset(recipe: ParametersFile) -> None:
    """Make training and test sets, of whole frames or of clusters, from walks with a potential."""
    from flows.dataset import Recipe
    from flows.dataset import dataset as flow

    parameters = read(recipe, Recipe)
    with at_work() as ready:
        ready()
        flow(parameters)
        for part in parameters.sets:
            console.print(f"Data set: {part.file}", highlight=False)
