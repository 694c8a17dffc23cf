"""Fill the report of a campaign from the lake."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from flows.history import Cycle, campaigns, read_cycles
from flows.report import (
    CostRow,
    Failure,
    LabelsRow,
    MetricsRow,
    Picture,
    Report,
    before_and_after,
    render_report,
)
from flows.summary import cost, label_counts, metrics_of
from nearsight import figures
from nearsight.blocks import find_bonds
from nearsight.potentials import load
from nearsight.systems import System
from storage import Lake, open_lake
from tasks.explore import read_walk
from tasks.extract import clusters_of, read_cluster
from tasks.ingest import members, read_label
from tasks.score import read_density

PACKAGES = ("nearsight", "nequip", "torch", "openmm", "scikit-learn", "sevenn", "ase", "icechunk")
SURPRISE = "surprise (no unit; above 0 is unknown)"


def write_report(lake: Lake, campaign: str, path: Path) -> Path:
    """Write the report of a campaign to `path` (its absolute form is returned)."""
    path.write_text(render_report(gather(lake, campaign)), encoding="utf-8")
    return path.absolute()


def gather(lake: Lake, campaign: str) -> Report:
    """Everything that the page says about a campaign."""
    return _gather(lake.url, campaign, len(read_cycles(lake, campaign)))


@lru_cache(maxsize=1)  # the flow shows it to Prefect, the command line writes it to a file
def _gather(url: str, campaign: str, finished: int) -> Report:
    lake = open_lake(url, mode="r")
    options, cycles = campaigns(lake)[campaign], read_cycles(lake, campaign)
    metrics = metrics_rows(lake, cycles)
    first = _first(cycles)
    return Report(
        title=f"Campaign {campaign}",
        campaign=campaign,
        level_of_theory=options["level"]["name"],
        summary=tuple(_summary(lake, cycles, metrics)),
        metrics=metrics,
        labels=tuple(
            LabelsRow(cycle=c.number, **label_counts(lake, c)) for c in cycles if c.labels
        ),
        costs=tuple(
            CostRow(cycle=c.number, stage=stage, seconds=s)
            for c in cycles
            for stage, s in cost(lake, c).items()
        ),
        provenance=tuple(_provenance(options, cycles)),
        figures=tuple(pictures(lake, cycles, options)),
        failures=tuple(_failures(lake, cycles)),
        scene=None if first is None else figures.scene(*_walked(lake, first)[:3]),
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def metrics_rows(lake: Lake, cycles: list[Cycle]) -> tuple[MetricsRow, ...]:
    """Errors by cycle and test set."""
    return tuple(
        MetricsRow(
            cycle=c.number,
            clusters=len(c.clusters),
            test_set=name,
            energy_avg=m["delta_e_avg"],
            energy_std=m["delta_e_std"],
            rmse=m["rmse"],
            mae_p95=m["mae_p95"],
        )
        for c in cycles
        for name, m in metrics_of(lake, c).items()
    )


def pictures(lake: Lake, cycles: list[Cycle], options: dict[str, Any]) -> Iterator[Picture]:
    """The figures of the report, in the order of Figure 2A."""
    if first := _first(cycles):
        yield _structure(lake, first)
        yield _feature_space(lake, cycles[0], first)
        yield from _likelihood_error(lake, cycles[first.number - 1], first)
        yield _cluster(lake, first)
    yield _learning_curve(lake, cycles, options)
    if len(cycles) > 1:
        yield from _parity(lake, cycles, options)
    if first:
        yield _cost(lake, cycles)


def _first(cycles: list[Cycle]) -> Cycle | None:
    """The first cycle that met unknown environments and labelled clusters of them."""
    return next((c for c in cycles if c.labels), None)


def _structure(lake: Lake, cycle: Cycle) -> Picture:
    atoms, surprise, unknown, part = _walked(lake, cycle)
    return Picture(
        title=f"What the model did not know in cycle {cycle.number}",
        caption=(
            f"The last frame of a walk{part}. Atoms are coloured by surprise: how far the "
            "likelihood of their environment lies below what the training set itself has (paper, "
            "Section 2.3). "
            f"The {int(unknown.sum())} unknown atoms are ringed."
        ),
        uri=figures.to_data_uri(figures.structure(atoms, surprise, unknown, label=SURPRISE), "png"),
        alt=f"Structure with {len(atoms)} atoms, {int(unknown.sum())} of them ringed as unknown",
    )


def _walked(lake: Lake, cycle: Cycle) -> tuple[Atoms, np.ndarray, np.ndarray, str]:
    """Last frame of the walk in a cycle that ended with most unknown atoms, and its surprise.

    Of a large one only a layer, and what part of it that is.
    """
    tables = [lake.get("scores", key) for key in cycle.scores]
    table = max(tables, key=lambda t: int((t.arrays["surprise"][-1] > 0).sum()))
    surprise = table.arrays["surprise"][-1]
    atoms = read_walk(lake, table.metadata["walk"]).frame(-1)
    atoms.wrap()
    inside, thickness = figures.layer(atoms)
    part = "" if inside.all() else f", a layer of {thickness:.0f} Å of its {len(atoms)} atoms"
    surprise = surprise[inside]
    return atoms[inside], surprise, surprise > 0, part


def _feature_space(lake: Lake, start: Cycle, cycle: Cycle, element: str = "C") -> Picture:
    potential = load(start.model, lake)
    crystals = [label for label, cluster in members(lake, start.dataset) if not cluster]
    features, types = [], []
    for label in crystals[:: max(1, len(crystals) // 8)][:8]:
        atoms, _ = read_label(lake, label)
        chosen = atoms.symbols == element
        features.append(potential.features(atoms)[chosen])
        types.append(figures.atom_types(atoms.numbers, find_bonds(atoms)[0])[chosen])
    new = []
    for key in cycle.scores:
        table = lake.get("scores", key)
        numbers = lake.get("walk", table.metadata["walk"]).arrays["numbers"]
        mask = (table.arrays["surprise"] > 0) & (numbers == atoms.numbers[chosen][0])
        new.append(table.arrays["features"][mask])
    return Picture(
        title="What the model sees of carbon",
        caption=(
            "Features of the last hidden layer, projected on their two principal components "
            "(paper, Figure 4). Dots: carbon atoms of the training set, coloured by their bonded "
            "neighbours. Vermillion: environments met while walking that the training set lacks."
        ),
        uri=figures.to_data_uri(
            figures.feature_space(
                np.concatenate(features), np.concatenate(types), np.concatenate(new).astype(float)
            ),
            "png",
        ),
        alt="Scatter plot of carbon features: known types form clouds, unknown ones lie apart",
    )


def _likelihood_error(lake: Lake, before: Cycle, cycle: Cycle) -> Iterator[Picture]:
    density = read_density(lake, cycle.density)
    for name, key in before.evaluations.items():
        table = lake.get("evaluation", key).arrays
        surprise = density.surprise(table["features"].astype(float), table["numbers"])
        errors = 1000 * np.linalg.norm(table["predicted"] - table["reference"], axis=1)
        unknown = surprise > 0
        if not unknown.any():
            continue
        ratio = errors[unknown].mean() / errors[~unknown].mean()
        yield Picture(
            title=f"Does surprise foretell error? Test set {name}, before learning",
            caption=(
                "Every dot is an atom: its surprise against the true error of its force. Right of "
                f"the line it counts as unknown. There the mean error is {ratio:.1f} times that "
                "of known atoms."
            ),
            uri=figures.to_data_uri(
                figures.likelihood_error(
                    surprise, errors, numbers=table["numbers"], threshold=0.0, label=SURPRISE
                ),
                "png",
            ),
            alt=f"Scatter plot of force error against surprise, mean ratio {ratio:.1f}",
        )


def _cluster(lake: Lake, cycle: Cycle) -> Picture:
    name = clusters_of(lake, cycle.batch)[0]
    cluster, told = read_cluster(lake, name), lake.get("cluster", name).metadata
    return Picture(
        title=f"A cluster that was cut out: {told['formula']}",
        caption=(
            "Core: the unknown block. Mantle: its neighbours, so that the core feels what it feels "
            "in the crystal. Caps: hydrogen on the bonds that were cut (paper, Section 2.4)."
        ),
        uri=figures.to_data_uri(
            figures.cluster(cluster.atoms, cluster.core, cluster.mantle, cluster.caps), "png"
        ),
        alt=f"Cluster {told['formula']} with core, mantle and caps in three colours",
    )


def _learning_curve(lake: Lake, cycles: list[Cycle], options: dict[str, Any]) -> Picture:
    metrics = [metrics_of(lake, c) for c in cycles]

    def curves(metric: str) -> dict[str, np.ndarray]:
        return {name: np.array([m[name][metric] for m in metrics]) for name in metrics[0]}

    return Picture(
        title="Errors before and after",
        caption=(
            "Force errors on every test set, cycle by cycle; cycle 0 is the start model. MAE_p95 "
            "is the mean of the largest 5 % of errors: it shows what a defect does locally."
        ),
        uri=figures.to_data_uri(
            figures.learning_curve(
                np.array([c.number for c in cycles]),
                np.array([len(c.clusters) for c in cycles]),
                curves("mae_p95"),
                curves("rmse"),
                target=options.get("target"),
            )
        ),
        alt="Force errors against cycle for every test set",
    )


def _parity(lake: Lake, cycles: list[Cycle], options: dict[str, Any]) -> Iterator[Picture]:
    for name in cycles[0].evaluations:
        ends = {
            f"{when} (cycle {c.number})": lake.get("evaluation", c.evaluations[name]).arrays
            for when, c in (("before", cycles[0]), ("after", cycles[-1]))
        }
        yield Picture(
            title=f"Forces on {name}: model against reference",
            caption="Every dot is one component of one atom's force; on the diagonal they agree.",
            uri=figures.to_data_uri(
                figures.parity(
                    next(iter(ends.values()))["reference"].astype(float),
                    {when: arrays["predicted"].astype(float) for when, arrays in ends.items()},
                    level_of_theory=options["level"]["name"],
                ),
                "png",
            ),
            alt=f"Predicted against reference forces on {name}, before and after",
        )


def _cost(lake: Lake, cycles: list[Cycle]) -> Picture:
    spent = [cost(lake, c) for c in cycles]
    stages = list(dict.fromkeys(stage for s in spent for stage in s))
    return Picture(
        title="Cost",
        caption="Time that the work of each stage took, summed over all workers.",
        uri=figures.to_data_uri(
            figures.cost(
                np.array([c.number for c in cycles]),
                {stage: np.array([s.get(stage, 0.0) for s in spent]) for stage in stages},
            )
        ),
        alt="Stacked bars: time by stage for every cycle",
    )


def _summary(lake: Lake, cycles: list[Cycle], metrics: tuple[MetricsRow, ...]) -> Iterator[str]:
    if not cycles:
        yield "No cycle has finished yet."
        return
    yield (
        f"Cycles: {len(cycles) - 1}. Clusters learned from: {len(cycles[-1].clusters)}. "
        f"Walks: {sum(len(c.walks) for c in cycles)}."
    )
    for row in before_and_after(metrics):
        yield (
            f"Force MAE_p95 on {row.test_set} went from {row.mae_p95[0]:.0f} to "
            f"{row.mae_p95[1]:.0f} meV/Å."
        )


def _provenance(options: dict[str, Any], cycles: list[Cycle]) -> Iterator[tuple[str, str]]:
    yield "Seed", str(options["seed"])
    yield "Systems", ", ".join(System.model_validate(s).name for s in options["systems"])
    for c in cycles:
        yield f"Model of cycle {c.number}", c.model
    for package in PACKAGES:
        try:
            yield package, importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue


def _failures(lake: Lake, cycles: list[Cycle]) -> Iterator[Failure]:
    for c in cycles:
        for key in c.labels:
            told = lake.get("label", key).metadata
            if told["status"] != "converged":
                yield Failure(
                    what=f"label {key[:12]}", status=told["status"], message=told["message"]
                )
        for key in c.walks:
            told = lake.get("walk", key).metadata
            if told["stop"] != "finished":
                yield Failure(
                    what=f"walk {key[:12]} of {told['system']}", status="cut", message=told["stop"]
                )
