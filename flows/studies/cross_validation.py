"""Every model on every test set: which data teach what? (paper, Tables 3 and 4, SI.8)"""

from __future__ import annotations

import numpy as np
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import Evaluation, evaluate_all, with_cores
from flows.studies.sources import ModelSource, find_model, find_set_with_cores
from nearsight.figures import cross_validation as draw
from nearsight.metrics import ForceErrors
from nearsight.spec import File
from tasks.workplace import workplace

METRICS = {
    "delta_e_avg": "ΔE_avg, meV/atom",
    "delta_e_std": "ΔE_std, meV/atom",
    "rmse": "RMSE, meV/Å",
    "mae_p95": "MAE_p95, meV/Å",
}
CORES = (
    " Only the cores of clusters have the surroundings that they have in the framework, so they "
    "alone stand for the bulk; they have no energy of their own."
)


class CrossValidation(StudySpec):
    """Which models, and which test sets."""

    models: dict[str, ModelSource] = Field(min_length=1, title="Models")
    tests: dict[str, File] = Field(
        min_length=1, title="Test sets", description="labelled extended XYZ"
    )


@flow(
    name="cross_validation",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def cross_validation(spec: CrossValidation) -> Findings:
    """Evaluate every model on every test set, element by element.

    Raises
    ------
    BadParameters
        If the lake has no such model.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        models = {name: find_model(work.lake, source) for name, source in spec.models.items()}
        sets = {
            name: find_set_with_cores(work.lake, path, spec.level)
            for name, path in spec.tests.items()
        }
        tests = {name: data for name, (data, _) in sets.items()}
        cores = {name: mask for name, (_, mask) in sets.items()}
        found = with_cores(evaluate_all(work, models, tests), cores)
        elements = {pair: evaluation.elements for pair, evaluation in found.items()}
        return Findings(
            study="cross-validation",
            title="Cross-validation (paper, Tables 3 and 4, SI.8)",
            level=spec.level.name,
            said=tuple(_said(found)),
            how=(
                "Every model predicted energy and forces of every structure of every test set. "
                "Force errors are per Cartesian component; MAE_p95 is the mean of the 5 % largest."
            ),
            rows=tuple(
                {"model": model, "test set": test}
                | {heading.partition(",")[0]: _shown(e, m) for m, heading in METRICS.items()}
                | {
                    symbol: _pair(elements[model, test].get(symbol))
                    for symbol in sorted({s for errors in elements.values() for s in errors})
                }
                for (model, test), e in found.items()
            ),
            note=(
                "Energies in meV/atom, forces in meV/Å; under an element, its force RMSE and, in "
                "brackets, MAE_p95."
            )
            + (CORES if any(mask is not None for mask in cores.values()) else ""),
            drawings=(_drawing(spec, found),),
            numbers={
                "errors": [
                    {
                        "model": model,
                        "test": test,
                        "metrics": e.metrics,
                        "elements": {s: e._asdict() for s, e in elements[model, test].items()},
                        "unknown_elements": list(e.strangers),
                    }
                    for (model, test), e in found.items()
                ]
            },
            records={
                "model": list(models.values()),
                "dataset": list(tests.values()),
                "evaluation": list(
                    dict.fromkeys(e.record.key for e in found.values() if e.record is not None)
                ),
            },
        ).keep(work.lake, spec.file)


def _shown(evaluation: Evaluation, metric: str) -> str:
    if evaluation.metrics is None:
        return f"knows no {', '.join(evaluation.strangers)}"
    if metric not in evaluation.metrics:
        return ""
    form = "{:+.2f}" if metric == "delta_e_avg" else "{:.2f}" if "delta" in metric else "{:.1f}"
    return form.format(evaluation.metrics[metric])


def _pair(errors: ForceErrors | None) -> str:
    return f"{errors.rmse:.0f} ({errors.mae_p95:.0f})" if errors else ""


def _said(found: dict[tuple[str, str], Evaluation]) -> list[str]:
    told = []
    for test in dict.fromkeys(test for _, test in found):
        errors = {m: e.metrics["mae_p95"] for (m, t), e in found.items() if t == test and e.metrics}
        if errors:
            best = min(errors, key=lambda model: errors[model])
            told.append(f"On {test}, {best} has the least MAE_p95: {errors[best]:.0f} meV/Å.")
    return told


def _drawing(spec: CrossValidation, found: dict[tuple[str, str], Evaluation]) -> Drawing:
    tests = list(dict.fromkeys(test for _, test in found))

    def values(metric: str) -> np.ndarray:
        return np.array(
            [
                [(found[model, test].metrics or {}).get(metric, np.nan) for test in tests]
                for model in spec.models
            ]
        )

    return Drawing(
        title="Errors of every model on every test set",
        caption=(
            "Rows are models, columns test sets; darker is worse, each panel on a scale of its "
            "own. A dash: the model does not know an element of the test set, or the test set has "
            "no energies, as cores alone have none."
        ),
        alt="Four heat maps with values: energy shift, energy spread, force RMSE and MAE_p95",
        figure=draw(
            list(spec.models),
            tests,
            {heading: values(metric) for metric, heading in METRICS.items()},
        ),
    )
