"""Which uncertainty foretells the errors best, and at what cost? (paper, Section 2.3, SI.7)"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from ase.data import chemical_symbols
from numpy.typing import NDArray
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import BeforeValidator, Field

from flows.parameters import BadParameters
from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import all_known, errors_of, evaluate_known
from flows.studies.sources import ModelSource, find_model, find_set
from nearsight.figures import calibration as draw
from nearsight.figures.calibration import Curve
from nearsight.potentials import Architecture, TrainingSpec, load
from nearsight.spec import File, Spec
from nearsight.uncertainty import (
    Committee,
    MixtureSpec,
    NeighboursSpec,
    RigiditySpec,
    disagreement,
    mixture_if_unsaid,
)
from nearsight.uncertainty.calibration import judge, most, rank_correlation, recall_curve
from storage import Record
from tasks.evaluate import evaluate
from tasks.ingest import elements, members, read_label
from tasks.score import fit, read_density
from tasks.train import train_committee
from tasks.workplace import Workplace, workplace

Surprise = NDArray[np.float64]


class CommitteeSpec(Spec):
    """Disagreement of several models of one architecture, trained on the same set."""

    kind: Literal["committee"] = Field("committee", title="Kind")
    members: int = Field(3, ge=2, le=20, title="Models")
    schedule: TrainingSpec = Field(TrainingSpec(epochs=6), title="Training of each")
    warm: bool = Field(False, title="Start from the model", description="or from scratch")
    quantile: float = Field(
        0.001,
        ge=0,
        lt=1,
        title="Threshold quantile",
        description="this fraction of the training atoms is unknown, before the margin",
    )
    margin: float = Field(
        0.0, ge=0, title="Threshold margin", description="ln of a factor, for unseen atoms"
    )


AnyMethod = MixtureSpec | RigiditySpec | NeighboursSpec | CommitteeSpec
Method = Annotated[
    Annotated[AnyMethod, Field(discriminator="kind")], BeforeValidator(mixture_if_unsaid)
]


class Calibration(StudySpec):
    """Which model and methods, and what to try them on."""

    model: ModelSource = Field(title="Model")
    training: File = Field(
        title="Its training set", description="labelled extended XYZ; what is known"
    )
    tests: dict[str, File] = Field(
        min_length=1, title="Test sets", description="labelled extended XYZ"
    )
    methods: dict[str, Method] = Field(
        {
            "mixture": MixtureSpec(),
            "rigidity": RigiditySpec(),
            "neighbours": NeighboursSpec(),
            "committee": CommitteeSpec(),
        },
        min_length=1,
        title="Methods",
    )
    worst: float = Field(0.05, gt=0, lt=1, title="Share of atoms that count as the worst")


@flow(
    name="calibration",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def calibration(spec: Calibration) -> Findings:
    """Hold the uncertainty of every atom, by every method, against the true error of its force.

    Raises
    ------
    BadParameters
        If the lake has no such model, or it does not know an element of a file, or the training
        set does not hold one that a committee from scratch is asked about.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        model = find_model(work.lake, spec.model)
        training = find_set(work.lake, spec.training, spec.level)
        tests = {name: find_set(work.lake, path, spec.level) for name, path in spec.tests.items()}
        all_known(work.lake, {"model": model}, {"training": training})
        evaluations = evaluate_known(work, {"model": model}, tests)
        seen = {name: record for (_, name), record in evaluations.items()}
        records = {
            "model": [model],
            "dataset": [training, *tests.values()],
            "evaluation": [record.key for record in seen.values()],
            "density": [],
        }
        surprise: dict[tuple[str, str], Surprise] = {}
        costs: dict[str, float] = {}
        for method, options in spec.methods.items():
            if isinstance(options, CommitteeSpec):
                told, costs[method] = by_committee(work, options, model, training, tests, records)
            else:
                told, costs[method] = by_density(work, options, model, training, seen, records)
            surprise |= {(name, method): values for name, values in told.items()}
        numbers = {
            name: {
                method: assess(surprise[name, method], record, spec.worst) | {"cost": costs[method]}
                for method in spec.methods
            }
            for name, record in seen.items()
        }
        return Findings(
            study="calibration",
            title="Uncertainty against error, method by method (paper, SI.7)",
            level=spec.level.name,
            said=tuple(sentence(name, told, spec.worst) for name, told in numbers.items()),
            how=(
                "The error of an atom is the length of the difference between the model's force "
                f"and the label's; the worst are the {100 * spec.worst:g} % of a test set's atoms "
                "with the largest. ρ is Spearman's rank correlation, within each element and "
                "then averaged over atoms. Each method flags by its own threshold, found on the "
                "training set alone; beside that, all flag the same share of atoms. False alarms "
                "are flagged atoms with an error below the median. Cost is that of the method "
                "beside one evaluation of energy and forces by the model."
            ),
            rows=tuple(
                row(name, method, told)
                for name in numbers
                for method, told in numbers[name].items()
            ),
            drawings=(drawing(spec, surprise, seen, numbers),),
            numbers={"worst": spec.worst, "tests": numbers},
            records={kind: sorted(set(found)) for kind, found in records.items() if found},
        ).keep(work.lake, spec.file)


def by_density(
    work: Workplace,
    options: MixtureSpec | RigiditySpec | NeighboursSpec,
    model: str,
    training: str,
    seen: Mapping[str, Record],
    records: dict[str, list[str]],
) -> tuple[dict[str, Surprise], float]:
    """Surprise of the atoms of every test set, and its cost in evaluations of the model."""
    key = fit.submit(work, model, training, options).result()
    records["density"].append(key)
    density, potential = read_density(work.lake, key), load(model, work.lake)
    ratios = []
    for label, _ in members(work.lake, training)[:6]:
        atoms, _ = read_label(work.lake, label)
        start = time.perf_counter()
        prediction = potential.evaluate(atoms)
        middle = time.perf_counter()
        density.surprise(prediction.features, atoms.numbers)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    told = {
        name: density.surprise(record.arrays["features"].astype(float), record.arrays["numbers"])
        for name, record in seen.items()
    }
    return told, float(np.median(ratios))


def by_committee(
    work: Workplace,
    options: CommitteeSpec,
    model: str,
    training: str,
    tests: Mapping[str, str],
    records: dict[str, list[str]],
) -> tuple[dict[str, Surprise], float]:
    """Surprise of the atoms of every test set; its cost is one evaluation for each member."""
    if not options.warm:
        held = elements(work.lake, training)
        for name, data in tests.items():
            if missing := elements(work.lake, data) - held:
                raise BadParameters(
                    f"a committee from scratch learns nothing of {', '.join(sorted(missing))}, "
                    f"which {name} holds and training does not; set warm, or leave it out"
                )
    told = work.lake.get("model", model).metadata["architecture"]
    voters = train_committee.submit(
        work,
        Architecture.model_validate(told),
        options.schedule,
        training,
        model if options.warm else None,
        options.members,
    ).result()
    asked = {"training set": training, **tests}
    pending = [evaluate.submit(work, voter, asked) for voter in voters]
    found = [future.result() for future in pending]
    records["model"] += voters
    records["evaluation"] += [key for keys in found for key in keys.values()]
    spread, numbers = {}, {}
    for name in asked:
        tables = [work.lake.get("evaluation", keys[name]).arrays for keys in found]
        spread[name] = disagreement(np.array([table["predicted"] for table in tables]))
        numbers[name] = tables[0]["numbers"]
    committee = Committee(options.quantile, options.margin)
    committee.fit(spread["training set"], numbers["training set"])
    return {name: committee.surprise(spread[name], numbers[name]) for name in tests}, len(voters)


def assess(surprise: Surprise, record: Record, worst: float) -> dict[str, Any]:
    """What a method's surprise was worth on a test set; None stands for what has no value."""
    errors = np.linalg.norm(errors_of(record), axis=1)
    numbers = record.arrays["numbers"]
    ranks, weights = {}, {}
    for z in np.unique(numbers):
        mask, symbol = numbers == z, chemical_symbols[z]
        ranks[symbol] = rank_correlation(surprise[mask], errors[mask])
        weights[symbol] = 0.0 if np.isnan(ranks[symbol]) else float(mask.mean())
    within = np.nansum([weights[symbol] * ranks[symbol] for symbol in ranks])
    own = judge(surprise > 0, errors, worst)
    same = judge(most(surprise, worst), errors, worst)
    told = {
        "rank_correlation": ranks
        | {
            "all": rank_correlation(surprise, errors),
            "within elements": float(within / (sum(weights.values()) or np.nan)),
        },
        "at_own_threshold": own._asdict(),
        "at_equal_alarms": same._asdict(),
    }
    return {k: {n: None if np.isnan(v) else v for n, v in d.items()} for k, d in told.items()}


def row(name: str, method: str, told: Mapping[str, Any]) -> dict[str, str]:
    """A row of the table."""
    own, same = told["at_own_threshold"], told["at_equal_alarms"]
    return {
        "test set": name,
        "method": method,
        "ρ": shown(told["rank_correlation"]["within elements"], ".2f"),
        "recall, equal alarms": shown(same["recall"], ".0%"),
        "flagged": shown(own["flagged"], ".2%"),
        "recall": shown(own["recall"], ".0%"),
        "precision": shown(own["precision"], ".0%"),
        "false alarms": shown(own["false_alarms"], ".0%"),
        "cost": shown(told["cost"], ".2g"),
    }


def sentence(name: str, told: Mapping[str, Any], worst: float) -> str:
    """What a test set says."""
    recall = {method: t["at_equal_alarms"]["recall"] for method, t in told.items()}
    best = max(recall, key=lambda method: recall[method])
    return (
        f"On {name}, of as many alarms as there are worst atoms ({100 * worst:g} % of all), those "
        f"of {best} find the most: {recall[best]:.0%}."
    )


def drawing(
    spec: Calibration,
    surprise: Mapping[tuple[str, str], Surprise],
    seen: Mapping[str, Record],
    numbers: Mapping[str, Mapping[str, Any]],
) -> Drawing:
    """Recall against alarms."""
    curves: dict[str, dict[str, Curve]] = {}
    for name, record in seen.items():
        errors = np.linalg.norm(errors_of(record), axis=1)
        curves[name] = {
            method: Curve(
                *recall_curve(surprise[name, method], errors, spec.worst),
                numbers[name][method]["at_own_threshold"]["flagged"],
            )
            for method in spec.methods
        }
    return Drawing(
        title="Worst atoms found",
        caption=(
            "The more atoms a method flags, the more of the worst it finds. A marker stands at "
            "each method's own threshold, which knows the training set alone."
        ),
        alt="Recall of the worst atoms against the share of atoms flagged, a line for each method",
        figure=draw(curves, spec.worst),
    )


def shown(value: float | None, form: str) -> str:
    """A number, or a dash where there is none."""
    return "–" if value is None else format(value, form)
