"""How many clusters does a defect take? MAE_p95 against their number (paper, Figure 6B)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.parameters import BadParameters
from flows.studies.base import Drawing, Findings, StudySpec
from flows.studies.errors import all_known, evaluate_all
from flows.studies.sources import ModelSource, clusters_under, find_model, find_set
from nearsight.figures import clusters_learned
from nearsight.figures.clusters_learned import Learned
from nearsight.potentials import Architecture, TrainingSpec
from nearsight.spec import File, Spec
from storage import Lake
from tasks.ingest import dataset, ingest
from tasks.train import committee, train
from tasks.workplace import Workplace, workplace

PERIODIC = "periodic"


class Curve(Spec):
    """Clusters to learn from, and the test set that tells what they taught."""

    clusters: str = Field(
        title="Clusters",
        description="tag of the snapshot whose clusters are drawn from, such as demo/cycle-002",
    )
    system: str | None = Field(
        None, title="System", description="only clusters cut from it, such as S_ld"
    )
    test: File = Field(title="Test set", description="labelled extended XYZ")
    periodic: ModelSource | None = Field(
        None, title="Periodic model", description="trained on crystals of that system alone"
    )
    crystals: File | None = Field(
        None,
        title="Its training set",
        description="labelled extended XYZ; what those labels cost is held against the clusters",
    )


class LearningCurve(StudySpec):
    """How the models of learning curves are trained."""

    start: ModelSource = Field(
        title="Start model", description="mlp_pr; every training begins here"
    )
    training: File = Field(title="Its training set", description="labelled extended XYZ, D_pr^T")
    replay: int = Field(20, ge=1, title="Structures of that set that are shown again")
    schedule: TrainingSpec = Field(
        TrainingSpec(epochs=12, learning_rate=0.008), title="Every training"
    )
    curves: dict[str, Curve] = Field(min_length=1, title="Curves", description="by name")
    sizes: tuple[int, ...] = Field(
        (0, 5, 10, 20, 40),
        min_length=1,
        title="Numbers of clusters N",
        description="growing; 0 is the start model",
    )
    draws: int = Field(1, ge=1, title="Random subsets of every size")
    seed: int = Field(0, ge=0, title="Seed")

    @model_validator(mode="after")
    def _sizes_grow(self) -> Self:
        if list(self.sizes) != sorted(set(self.sizes)) or self.sizes[0] < 0:
            raise ValueError(f"sizes: {list(self.sizes)} do not grow, from 0 or more")
        return self


@flow(
    name="learning_curve",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def learning_curve(spec: LearningCurve) -> Findings:
    """Train on more and more clusters from one start, and evaluate every model.

    Whatever the lake already holds is not computed again.

    Raises
    ------
    BadParameters
        If the lake has no such model, or not so many clusters, or a periodic model does not know an
        element of its test set.
    BadFile
        If a file is not what it should be.
    """
    with workplace(spec.lake, spec.site) as work:
        work.title = "learning curve"
        start = find_model(work.lake, spec.start)
        pools = {name: pool(work.lake, spec, name) for name in spec.curves}
        periodic = {
            name: {PERIODIC: find_model(work.lake, curve.periodic)} if curve.periodic else {}
            for name, curve in spec.curves.items()
        }
        tests = {n: find_set(work.lake, c.test, spec.level) for n, c in spec.curves.items()}
        for name, held in periodic.items():
            told = {f"curves.{name}.{which}": key for which, key in held.items()}
            all_known(work.lake, told, {f"curves.{name}.test": tests[name]})
        crystals = ingest(work.lake, spec.training, spec.level)
        paid = {name: prices(work.lake, spec, name, pools[name]) for name in spec.curves}
        models = train_all(work, spec, start, crystals, pools)
        evaluations = {
            name: evaluate_all(
                work,
                {key: key for row in models[name] for key in row} | periodic[name],
                {name: tests[name]},
            )
            for name in spec.curves
        }

        def error(name: str, model: str) -> float:
            metrics = evaluations[name][model, name].metrics
            return np.nan if metrics is None else metrics["mae_p95"]

        found = {
            name: Learned(
                np.array(spec.sizes),
                np.array([[error(name, key) for key in row] for row in models[name]]),
                error(name, PERIODIC) if periodic[name] else None,
            )
            for name in spec.curves
        }
        return Findings(
            study="learning-curve",
            title="Learning curves (paper, Figure 6B)",
            level=spec.level.name,
            said=tuple(sentence(name, learned) for name, learned in found.items()),
            how=(
                "Every model began with the weights of the start model and was trained for "
                f"{spec.schedule.epochs} epochs on N clusters and "
                f"{min(spec.replay, len(crystals))} structures of the start model's own training "
                f"set. Subsets drawn at random: {spec.draws} of every size, the larger ones around "
                "the smaller."
            ),
            rows=tuple(row for name, learned in found.items() for row in rows(name, learned)),
            note="Force MAE_p95 in meV/Å, one number for each draw.",
            drawings=(
                Drawing(
                    title="What clusters teach",
                    caption=(
                        "Force MAE_p95 against the number of clusters N in the training set, mean "
                        "and range of the draws. Dashed: a model trained on periodic cells of that "
                        "system; diamonds lie below it."
                    ),
                    alt="Force errors against the number of clusters, a line for each test set",
                    figure=clusters_learned(found),
                ),
            ),
            numbers={
                "curves": {
                    name: {
                        "sizes": list(spec.sizes),
                        "mae_p95": [[e if np.isfinite(e) else None for e in r] for r in c.errors],
                        "periodic": c.periodic,
                        "models": models[name],
                        "labels": paid[name],
                    }
                    for name, c in found.items()
                }
            },
            records={
                "model": sorted(
                    {key for name in models for row in models[name] for key in row}
                    | {key for held in periodic.values() for key in held.values()}
                ),
                "dataset": list(tests.values()),
                "evaluation": [
                    e.record.key for row in evaluations.values() for e in row.values() if e.record
                ],
            },
        ).keep(work.lake, spec.file)


def pool(lake: Lake, spec: LearningCurve, name: str) -> list[tuple[str, str]]:
    """Clusters that a curve draws from; refused if they are too few for its largest size."""
    curve = spec.curves[name]
    found = clusters_under(lake, curve.clusters, curve.system)
    if len(found) < spec.sizes[-1]:
        raise BadParameters(
            f"curves.{name}: {curve.clusters} holds {len(found)} clusters"
            f"{f' of {curve.system}' if curve.system else ''}, fewer than {spec.sizes[-1]}"
        )
    return found


def prices(
    lake: Lake, spec: LearningCurve, name: str, clusters: Sequence[tuple[str, str]]
) -> dict[str, dict[str, float]]:
    """What labels of a curve cost: of a cluster, and of the periodic model's whole training set.

    In seconds, and as DFT would count them: the sum of (atoms / 100)³.
    """
    held = {"a cluster": [label for label, _ in clusters]}
    if crystals := spec.curves[name].crystals:
        held["crystals"] = list(ingest(lake, crystals, spec.level))
    paid = {}
    for which, labels in held.items():
        records = [lake.get("label", label) for label in labels]
        paid[which] = {
            "seconds": sum(float(record.metadata["seconds"]) for record in records),
            "dft": sum((len(record.arrays["numbers"]) / 100) ** 3 for record in records),
        }
    paid["a cluster"] = {how: cost / len(clusters) for how, cost in paid["a cluster"].items()}
    return paid


def train_all(
    work: Workplace,
    spec: LearningCurve,
    start: str,
    crystals: Sequence[str],
    pools: dict[str, list[tuple[str, str]]],
) -> dict[str, list[list[str]]]:
    """Model keys of every curve, by size and draw."""
    schedules = committee(spec.schedule, spec.draws)
    pending = {
        (name, n, draw): train.submit(
            work,
            Architecture(),
            schedules[draw],
            subset(work, spec, crystals, clusters, n, draw),
            start,
        )
        for name, clusters in pools.items()
        for n in spec.sizes
        for draw in range(spec.draws)
        if n
    }
    trained = {point: model.result() for point, model in pending.items()}
    return {
        name: [[trained.get((name, n, d), start) for d in range(spec.draws)] for n in spec.sizes]
        for name in pools
    }


def subset(
    work: Workplace,
    spec: LearningCurve,
    crystals: Sequence[str],
    clusters: Sequence[tuple[str, str]],
    size: int,
    draw: int,
) -> str:
    """A training set of so many clusters, and crystals that the start model has learned from."""
    rng = np.random.default_rng([spec.seed, draw])
    again = sorted(rng.permutation(len(crystals))[: spec.replay])
    chosen = [clusters[i] for i in rng.permutation(len(clusters))[:size]]
    return dataset(
        work.lake,
        [*(crystals[i] for i in again), *(label for label, _ in chosen)],
        [cluster for _, cluster in chosen],
    )


def sentence(name: str, learned: Learned) -> str:
    """What a curve says."""
    mean = learned.errors.mean(axis=1)
    known = np.flatnonzero(np.isfinite(mean))
    if not len(known):
        return f"No model knows all elements of {name}."
    first, last = known[0], known[-1]
    told = (
        f"On {name}, MAE_p95 goes from {mean[first]:.0f} meV/Å with {learned.sizes[first]} "
        f"clusters to {mean[last]:.0f} meV/Å with {learned.sizes[last]}."
    )
    if learned.periodic is None:
        return told
    below = learned.sizes[known][mean[known] < learned.periodic]
    after = f"from {below[0]} clusters on" if len(below) else "at no size here"
    return f"{told} It lies below the periodic model's {learned.periodic:.0f} meV/Å {after}."


def rows(name: str, learned: Learned) -> Iterator[dict[str, str]]:
    """Rows of the table, the periodic model last."""
    for size, errors in zip(learned.sizes, learned.errors, strict=True):
        values = errors if size else errors[:1]
        shown = [f"{error:.0f}" if np.isfinite(error) else "unknown elements" for error in values]
        yield {"test set": name, "clusters": str(size), "MAE_p95": ", ".join(shown)}
    if learned.periodic is not None:
        yield {
            "test set": name,
            "clusters": PERIODIC,
            "MAE_p95": f"{learned.periodic:.0f}",
        }
