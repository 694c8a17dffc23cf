"""`nearsight study`: one question of the paper each."""

from __future__ import annotations

from importlib import import_module

import typer

from flows.cli.app import ParametersFile, app, at_work, read
from flows.cli.findings import show

STUDIES = {
    "FeatureMap": "What a network sees of one element, before and after training (Figure 4).",
    "LikelihoodVsError": "Whether unlikely atoms are those with wrong forces (SI.7).",
    "LearningCurve": "Errors against the number of clusters learned from (Figure 6B).",
    "ErrorMap": "Where in the framework the errors are, model by model (Figure 6C).",
    "Calibration": "Which uncertainty foretells the errors best, and at what cost (SI.7).",
    "CrossValidation": "Errors of every model on every test set (Tables 3 and 4, SI.8).",
}
"""What each study answers, by the name of its options."""

studies = typer.Typer(help="Answer one question of the paper.", no_args_is_help=True)
app.add_typer(studies, name="study")


def _add(options: str) -> None:
    words = "".join(f"-{c.lower()}" if c.isupper() else c for c in options).strip("-")
    name = words.replace("-", "_")

    @studies.command(words, help=STUDIES[options])
    def study(spec: ParametersFile) -> None:
        module = import_module(f"flows.studies.{name}")
        parameters = read(spec, getattr(module, options))
        with at_work() as ready:
            ready()
            show(getattr(module, name)(parameters), parameters.file)


for _options in STUDIES:
    _add(_options)
