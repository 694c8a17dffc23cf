"""Errors of several models on several test sets, as the evaluations in the lake tell them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray

from flows.parameters import BadParameters
from flows.studies.sources import strangers
from nearsight.metrics import ForceErrors, by_element, mae_pk, rmse
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
    cores
        (n_total,) mask of the atoms that count, cores of clusters; None: all of them.
    """

    record: Record | None
    strangers: tuple[str, ...] = ()
    cores: NDArray[np.bool_] | None = None

    @property
    def metrics(self) -> dict[str, float] | None:
        """`mae_p95` and `rmse` in meV/Å; unless cores alone count, which have no energy of their
        own, `delta_e_avg` and `delta_e_std` in meV/atom.
        """
        if self.record is None:
            return None
        if self.cores is None:
            return dict(self.record.metadata["metrics"])
        errors = errors_of(self.record)[self.cores]
        return {"mae_p95": mae_pk(errors, 95), "rmse": rmse(errors)}

    @property
    def elements(self) -> dict[str, ForceErrors]:
        """Force errors of each element, in meV/Å."""
        if self.record is None:
            return {}
        atoms = slice(None) if self.cores is None else self.cores
        found = by_element(errors_of(self.record)[atoms], self.record.arrays["numbers"][atoms])
        return {chemical_symbols[z]: errors for z, errors in found.items()}


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


def with_cores(
    found: Mapping[tuple[str, str], Evaluation], cores: Mapping[str, NDArray[np.bool_] | None]
) -> dict[tuple[str, str], Evaluation]:
    """The same and, behind every test set that tells cores, the errors of its cores alone."""
    told: dict[tuple[str, str], Evaluation] = {}
    for (model, test), evaluation in found.items():
        told[model, test] = evaluation
        if cores[test] is not None:
            told[model, f"{test}, cores"] = replace(evaluation, cores=cores[test])
    return told


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
