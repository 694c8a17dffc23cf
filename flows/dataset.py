"""Periodic data sets: walks at several pressures, frames even in volume (paper, Section 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import ase.io
import numpy as np
from ase.calculators.singlepoint import SinglePointCalculator
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, field_validator, model_validator

from flows.dataset_report import Chosen, told
from flows.parameters import BadParameters
from flows.preflight import blame, check_known
from nearsight.potentials import load
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.sampling import WalkSpec
from nearsight.sampling.frames import uniform_in_volume
from nearsight.spec import File, Spec
from nearsight.systems import System
from storage import Lake
from tasks.explore import explore, put_structure, read_structure, read_walk, start_structure
from tasks.ingest import dataset as make_dataset
from tasks.ingest import members, read_label
from tasks.label import converged, label
from tasks.pools import Site
from tasks.train import adopt
from tasks.workplace import LakeUrl, Workplace, workplace


class DataSet(Spec):
    """One data set: frames of one system from walks of its own."""

    file: File = Field(title="File", description="extended XYZ to write")
    system: System = Field(title="System")
    frames: int = Field(ge=1, title="Structures")
    walks: int = Field(ge=1, title="Walks")
    volumes: tuple[float, float] = Field((8500.0, 9700.0), title="Volume range", description="Å³")
    seed: int = Field(ge=0, title="Seed", description="of the walks; another for every data set")

    @field_validator("volumes")
    @classmethod
    def _a_range(cls, volumes: tuple[float, float]) -> tuple[float, float]:
        if not 0 < volumes[0] < volumes[1]:
            raise ValueError(f"{volumes[0]:g} to {volumes[1]:g} Å³ is no range of volumes")
        return volumes


class Recipe(Spec):
    """How periodic data sets are made."""

    lake: LakeUrl = Field(
        min_length=1, title="Lake", description="a directory, or s3://bucket/prefix"
    )
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
    site: Site = Field(Site(), title="Site")

    @model_validator(mode="after")
    def _no_walk_is_shared(self) -> Self:
        for field in ("seed", "file"):
            values = [getattr(part, field) for part in self.sets]
            if len(set(values)) < len(values):
                raise ValueError(
                    f"sets: two of them have the {field} {max(values, key=values.count)}; give "
                    "each its own, so that no two share a walk or a file"
                )
        if self.report is not None and self.report.suffix != ".json":
            raise ValueError(f"report: {self.report} must end in .json")
        return self

    @model_validator(mode="after")
    def _walks_can_be_long_enough(self) -> Self:
        if self.walk.pressure is None:
            raise ValueError("walk.pressure: must not be empty, for frames are to differ in volume")
        step = self.walk.timestep
        interval = max(1, round(self.walk.frame_interval / step)) * step
        left = self.walk.duration - self.skip
        each = int(left / interval + 1e-6) + 1 if left >= 0 else 0
        for part in self.sets:
            if part.walks * each < part.frames:
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
    """Walk, choose frames even in volume, label them, and write one file for every data set.

    Training and test sets come from walks of their own. What the lake holds is not done again.

    Raises
    ------
    BadParameters
        If the level of theory cannot be used, the model does not know an element, or walks do not
        reach the volumes asked for.
    TooManyFailures
        If more labels failed than allowed.
    """
    with blame("level"):
        reference(recipe.level, recipe.site.labels)
    with workplace(recipe.lake, recipe.site) as work:
        model = adopt(work.lake, recipe.model, make_dataset(work.lake, []))
        known = load(model, work.lake).elements
        starts = {part.file: start_structure(work.lake, part.system) for part in recipe.sets}
        for number, part in enumerate(recipe.sets):
            start = read_structure(work.lake, starts[part.file])
            check_known(f"sets.{number}.system", part.system.name, start, known)
        walks = {
            part.file: [
                explore.submit(
                    work,
                    part.system.name,
                    starts[part.file],
                    model,
                    recipe.walk,
                    int(seed),
                )
                for seed in np.random.SeedSequence(part.seed).generate_state(part.walks)
            ]
            for part in recipe.sets
        }
        chosen = {
            part.file: choose(work, recipe, part, [w.result() for w in walks[part.file]])
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
                kind="structure",
            ).result()
            keys = [key for key, _ in converged(work.lake, labels)]
            made[part.file] = make_dataset(work.lake, keys)
            write(work.lake, made[part.file], part.file, recipe.level)
        if recipe.report is not None:
            told(recipe, chosen, made).keep(work.lake, recipe.report)


def choose(work: Workplace, recipe: Recipe, part: DataSet, walks: list[str]) -> Chosen:
    """Frames of a data set, even in volume, the smallest first."""
    trajectories = [read_walk(work.lake, walk) for walk in walks]
    frames = [
        (trajectory.frame(int(i)), trajectory.pressure)
        for trajectory in trajectories
        for i in np.flatnonzero(trajectory.times >= recipe.skip)
    ]
    volumes = np.array([frame.get_volume() for frame, _ in frames])
    try:
        found = uniform_in_volume(volumes, part.frames, part.volumes)
    except ValueError as error:
        raise BadParameters(f"{part.file.name}: {error}") from error
    indices = found[np.argsort(volumes[found])]
    return Chosen(
        [put_structure(work.lake, frames[i][0], part.system.name) for i in indices],
        volumes[indices],
        np.array([frames[i][1] for i in indices]),
    )


def write(lake: Lake, data: str, path: Path, level: LevelOfTheory) -> None:
    """Write a data set as extended XYZ, with its level of theory in every frame."""
    frames = []
    for key, _ in members(lake, data):
        atoms, label = read_label(lake, key)
        atoms.wrap()
        atoms.info = {"level": level.name, "seconds": round(label.seconds, 2)}
        atoms.calc = SinglePointCalculator(
            atoms, energy=label.energy, forces=label.forces, stress=label.stress
        )
        frames.append(atoms)
    frames.sort(key=lambda atoms: float(atoms.get_volume()))
    path.parent.mkdir(parents=True, exist_ok=True)
    ase.io.write(path, frames, format="extxyz")
