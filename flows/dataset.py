"""Data sets from walks: frames even in volume (paper, Section 3), or clusters (Section 4.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain, combinations
from pathlib import Path
from typing import Self

import ase.io
import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, field_validator, model_validator

from flows.dataset_report import Chosen, told
from flows.here import Placed
from flows.parameters import BadParameters
from flows.preflight import blame, check_cuttable, check_known
from nearsight.blocks import Blueprint
from nearsight.potentials import load
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.sampling import WalkSpec
from nearsight.sampling.frames import uniform_in_volume
from nearsight.spec import File, Spec
from nearsight.systems import System
from storage import Lake
from tasks.explore import explore, put_structure, read_structure, read_walk, start_structure
from tasks.extract import MASKS
from tasks.ingest import dataset as make_dataset
from tasks.ingest import read_label
from tasks.label import converged, label
from tasks.sample import sample
from tasks.train import adopt
from tasks.workplace import Workplace, workplace

VOLUMES = (8500.0, 9700.0)
"""Å³; those of UiO-66, unless a data set says others."""


class DataSet(Spec):
    """One data set: frames of one system from walks of its own, or clusters cut out of them."""

    file: File = Field(title="File", description="extended XYZ to write")
    system: System = Field(title="System")
    frames: int = Field(ge=1, title="Structures", description="frames, or clusters")
    walks: int = Field(ge=1, title="Walks")
    blueprint: Blueprint | None = Field(
        None,
        title="Blueprint",
        description="of clusters around blocks drawn at random; empty: whole frames",
    )
    volumes: tuple[float, float] | None = Field(
        None,
        title="Volume range",
        description="Å³; that whole frames are even in, 8500 to 9700 unless given",
    )
    seed: int = Field(
        ge=0,
        title="Seed",
        description="of the walks; another for every data set, but clusters may have that of the "
        "whole frames of their system, and then come from the same walks",
    )

    @field_validator("volumes")
    @classmethod
    def _a_range(cls, volumes: tuple[float, float] | None) -> tuple[float, float] | None:
        if volumes is not None and not 0 < volumes[0] < volumes[1]:
            raise ValueError(f"{volumes[0]:g} to {volumes[1]:g} Å³ is no range of volumes")
        return volumes

    @model_validator(mode="after")
    def _clusters_have_no_volume(self) -> Self:
        if self.blueprint is not None and self.volumes is not None:
            raise ValueError(
                "volumes: must be empty beside a blueprint, for clusters are drawn at random "
                "from all frames"
            )
        return self


class Recipe(Placed):
    """How data sets are made."""

    model: File = Field(
        title="Sampler", description="a model that walks soundly; the labels are not its own"
    )
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    walk: WalkSpec = Field(WalkSpec(pressure=(-2.5, 2.0)), title="Walk")
    skip: float = Field(
        100.0,
        gt=0,
        title="Start of every walk that is left out",
        description="fs; walks of a system share their first frame, so that some is left out",
    )
    sets: tuple[DataSet, ...] = Field(min_length=1, title="Data sets")
    max_failed: float = Field(0.1, ge=0, le=1, title="Share of failed labels that is too many")
    report: File | None = Field(
        None,
        title="Report",
        description="JSON file to write; page and figure of volumes and pressures lie beside it",
    )

    @model_validator(mode="after")
    def _no_walk_is_shared(self) -> Self:
        for a, b in combinations(self.sets, 2):
            if a.file == b.file:
                raise ValueError(f"sets: two of them have the file {a.file}; give each its own")
            bulk_and_clusters = (a.blueprint is None) != (b.blueprint is None)
            if a.seed == b.seed and not (bulk_and_clusters and a.system == b.system):
                raise ValueError(
                    f"sets: two of them have the seed {a.seed}; give each its own, so that no two "
                    "share a walk: only clusters may, with whole frames of the same system"
                )
        if self.report is not None and self.report.suffix != ".json":
            raise ValueError(f"report: {self.report} must end in .json")
        return self

    @model_validator(mode="after")
    def _walks_can_be_long_enough(self) -> Self:
        if self.walk.pressure is None and any(part.blueprint is None for part in self.sets):
            raise ValueError("walk.pressure: must not be empty, for frames are to differ in volume")
        step = self.walk.timestep
        interval = max(1, round(self.walk.frame_interval / step)) * step
        left = self.walk.duration - self.skip
        each = int(left / interval + 1e-6) + 1 if left >= 0 else 0
        for part in self.sets:
            if part.walks * each < (part.frames if part.blueprint is None else 1):
                raise ValueError(
                    f"sets: {part.file.name} cannot hold {part.frames} structures, for its walks "
                    f"leave {each} each after the first {self.skip:g} fs"
                )
        return self


@flow(
    name="dataset",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def dataset(recipe: Recipe) -> None:
    """Walk, choose frames or cut clusters, label them, and write one file for every data set.

    Training and test sets come from walks of their own. What the lake holds is not done again.

    Raises
    ------
    BadParameters
        If the level of theory cannot be used, the model does not know an element, no clusters can
        be cut from a system, or walks do not hold the volumes or the clusters asked for.
    TooManyFailures
        If more labels failed than allowed.
    """
    with blame("level"):
        reference(recipe.level, recipe.site.known_here("qm"))
    with workplace(recipe.lake, recipe.site) as work:
        model = adopt(work.lake, recipe.model, make_dataset(work.lake, []))
        known = load(model, work.lake).elements
        starts = {part.file: start_structure(work.lake, part.system) for part in recipe.sets}
        for number, part in enumerate(recipe.sets):
            start = read_structure(work.lake, starts[part.file])
            if part.blueprint is not None:
                with blame(f"sets.{number}.system"):
                    check_cuttable(part.system.name, start)
            check_known(f"sets.{number}.system", part.system.name, start, known)
        walks = walk(work, recipe, starts, model)
        chosen = {
            part.file: draw(work.lake, recipe, part, starts[part.file], walks[part.file])
            if part.blueprint is not None
            else choose(work.lake, recipe, part, walks[part.file])
            for part in recipe.sets
        }
        made = {}
        for part in recipe.sets:
            labels = label.submit(
                work,
                part.file.name,
                chosen[part.file].keys,
                recipe.level,
                recipe.max_failed,
                kind="structure" if part.blueprint is None else "cluster",
            ).result()
            pairs = converged(work.lake, labels)
            clusters = [name for _, name in pairs] if part.blueprint is not None else []
            made[part.file] = make_dataset(work.lake, [key for key, _ in pairs], clusters)
            write(work.lake, pairs, part, recipe.level)
        if recipe.report is not None:
            told(recipe, chosen, made).keep(work.lake, recipe.report)


def walk(
    work: Workplace, recipe: Recipe, starts: dict[Path, str], model: str
) -> dict[Path, list[str]]:
    """Walks of every data set; those that two of them share are walked once."""
    planned = {
        part.file: [
            (part.system.name, starts[part.file], int(seed))
            for seed in np.random.SeedSequence(part.seed).generate_state(part.walks)
        ]
        for part in recipe.sets
    }
    pending = {
        (system, start, seed): explore.submit(work, system, start, model, recipe.walk, seed)
        for system, start, seed in dict.fromkeys(chain.from_iterable(planned.values()))
    }
    return {file: [pending[way].result() for way in ways] for file, ways in planned.items()}


def choose(lake: Lake, recipe: Recipe, part: DataSet, walks: list[str]) -> Chosen:
    """Frames of a data set, even in volume, the smallest first."""
    trajectories = [read_walk(lake, walk) for walk in walks]
    frames = [
        (trajectory.frame(int(i)), trajectory.pressure)
        for trajectory in trajectories
        for i in np.flatnonzero(trajectory.times >= recipe.skip)
    ]
    volumes = np.array([frame.get_volume() for frame, _ in frames])
    try:
        found = uniform_in_volume(volumes, part.frames, part.volumes or VOLUMES)
    except ValueError as error:
        raise BadParameters(f"{part.file.name}: {error}") from error
    indices = found[np.argsort(volumes[found])]
    return Chosen(
        [put_structure(lake, frames[i][0], part.system.name) for i in indices],
        volumes[indices],
        np.array([frames[i][1] for i in indices]),
    )


def draw(lake: Lake, recipe: Recipe, part: DataSet, start: str, walks: list[str]) -> Chosen:
    """Clusters of a data set, cut around blocks drawn at random, by walk and frame."""
    assert part.blueprint is not None
    how = (recipe.skip, part.blueprint, part.frames, part.seed)
    try:
        drawn, refused = sample(lake, start, walks, *how)
    except ValueError as error:
        raise BadParameters(f"{part.file.name}: {error}") from error
    return Chosen(
        [cluster.key for cluster in drawn],
        np.array([cluster.volume for cluster in drawn]),
        np.array([cluster.pressure for cluster in drawn if cluster.pressure is not None]),
        Counter(cluster.kind for cluster in drawn),
        refused,
    )


def write(
    lake: Lake, pairs: Sequence[tuple[str, str]], part: DataSet, level: LevelOfTheory
) -> None:
    """Write labels of frames or clusters as extended XYZ, with what is known of each.

    Every frame says its level of theory; a cluster its key, its system, and as columns which atoms
    are its core, its mantle and its caps.
    """
    frames = []
    for key, name in pairs:
        atoms, label = read_label(lake, key)
        atoms.info = {"level": level.name, "seconds": round(label.seconds, 2)}
        if part.blueprint is None:
            atoms.wrap()
        else:
            atoms.info |= {"system": part.system.name, "cluster": name}
            for mask in MASKS:
                atoms.set_array(mask, lake.get("cluster", name).arrays[mask])
        atoms.calc = SinglePointCalculator(
            atoms, energy=label.energy, forces=label.forces, stress=label.stress
        )
        frames.append(atoms)
    part.file.parent.mkdir(parents=True, exist_ok=True)
    ase.io.write(part.file, frames, format="extxyz")
