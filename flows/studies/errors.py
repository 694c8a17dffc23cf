"""Errors of several models on several test sets, as the evaluations in the lake tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flows.parameters import BadParameters
from flows.studies.sources import strangers
from storage import Lake, Record
from tasks.evaluate import evaluate
from tasks.workplace import Workplace


@dataclass(frozen=True)
class Evaluation:
    """A model on a test set.

    Attributes
    ----------
    record
        See `tasks.evaluate.evaluate_model`; None where the test set holds elements that the model
        does not know.
    strangers
        Those elements.
    """

    record: Record | None
    strangers: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, float] | None:
        """`mae_p95` and `rmse` in meV/Å, `delta_e_avg` and `delta_e_std` in meV/atom."""
        return None if self.record is None else dict(self.record.metadata["metrics"])


def errors_of(record: Record) -> NDArray[np.float64]:
    """Force errors of an evaluation's atoms, all frames end to end; (n_total, 3) in meV/Å."""
    arrays = record.arrays
    errors: NDArray[np.float64] = arrays["predicted"].astype(float) - arrays["reference"]
    return 1000 * errors


def evaluate_all(
    work: Workplace, models: Mapping[str, str], tests: Mapping[str, str]
) -> dict[tuple[str, str], Evaluation]:
    """Evaluate every model on every test set whose elements it knows; by their names."""
    unknown = {
        (model, test): tuple(sorted(strangers(work.lake, key, data)))
        for model, key in models.items()
        for test, data in tests.items()
    }
    pending = {
        model: evaluate.submit(
            work, key, {t: data for t, data in tests.items() if not unknown[model, t]}
        )
        for model, key in models.items()
    }
    found = {model: future.result() for model, future in pending.items()}
    return {
        (model, test): Evaluation(_record(work.lake, found[model].get(test)), unknown[model, test])
        for model in models
        for test in tests
    }


def evaluate_known(
    work: Workplace, models: Mapping[str, str], tests: Mapping[str, str]
) -> dict[tuple[str, str], Record]:
    """The same, where every model must know every element.

    Raises
    ------
    BadParameters
        If one does not.
    """
    all_known(work.lake, models, tests)
    found = evaluate_all(work, models, tests)
    return {pair: e.record for pair, e in found.items() if e.record is not None}


def all_known(lake: Lake, models: Mapping[str, str], sets: Mapping[str, str]) -> None:
    """Make sure that every model knows every element of every data set.

    Raises
    ------
    BadParameters
        If one does not.
    """
    for model, key in models.items():
        for name, data in sets.items():
            if missing := strangers(lake, key, data):
                raise BadParameters(
                    f"the model {model} knows no {', '.join(sorted(missing))}, which {name} holds"
                )


def _record(lake: Lake, key: str | None) -> Record | None:
    return None if key is None else lake.get("evaluation", key)
