"""`nearsight force-matching`: which cluster feels what the bulk feels?"""

from __future__ import annotations

from flows.cli.app import ParametersFile, app, at_work, console, read


@app.command()
def force_matching(spec: ParametersFile) -> None:
    """Compare clusters of several blueprints with the bulk and recommend the cheapest that fits."""
    from flows.force_matching import ForceMatching
    from flows.force_matching import force_matching as flow
    from flows.matching_report import table

    parameters = read(spec, ForceMatching)
    with at_work() as ready:
        ready()
        study = flow(parameters)
        console.print(table(study))
        console.print(study.verdict(), highlight=False)
        console.print(f"Results: {parameters.file}", highlight=False, soft_wrap=True)
