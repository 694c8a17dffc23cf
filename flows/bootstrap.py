"""A first potential from nothing: rattled structures, then walks, labelled and learned in turn."""

from __future__ import annotations

import numpy as np
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.here import Placed
from flows.preflight import blame
from nearsight.potentials import Architecture, TrainingSpec, model_blob
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.sampling import WalkSpec
from nearsight.sampling.rattle import rattle
from nearsight.spec import File
from nearsight.systems import System, build
from tasks.explore import explore, put_structure, read_walk, start_structure
from tasks.ingest import dataset
from tasks.isolated import grounded
from tasks.label import converged, label
from tasks.train import train
from tasks.workplace import Workplace, workplace


class Bootstrap(Placed):
    """How a sampler is made: a potential that walks soundly through some systems."""

    file: File = Field(title="File", description="model to write")
    systems: tuple[System, ...] = Field(min_length=1, title="Systems")
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    rattled: int = Field(24, ge=2, title="Rattled structures of each system")
    displacement: float = Field(0.055, gt=0, title="Displacement", description="Å")
    strain: float = Field(0.01, ge=0, title="Strain")
    volumes: tuple[float, float] = Field((0.95, 1.08), title="Relative volumes")
    rounds: int = Field(2, ge=0, title="Rounds of walks")
    walks: int = Field(4, ge=1, title="Walks of each system in a round")
    walk: WalkSpec = Field(
        WalkSpec(duration=400.0, frame_interval=40.0, pressure=(-2.0, 3.0)), title="Walk"
    )
    architecture: Architecture = Field(Architecture(), title="Architecture")
    schedule: TrainingSpec = Field(TrainingSpec(epochs=45), title="First training")
    reschedule: TrainingSpec = Field(
        TrainingSpec(epochs=20, learning_rate=0.005), title="Training after every round"
    )
    max_failed: float = Field(0.1, ge=0, le=1, title="Share of failed labels that is too many")
    seed: int = Field(0, ge=0, title="Seed")


@flow(
    name="bootstrap",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def bootstrap(recipe: Bootstrap) -> str:
    """Make a potential from nothing and write it to a file; the key of the model.

    Raises
    ------
    BadParameters
        If the level of theory cannot be used.
    TooManyFailures
        If more labels failed than allowed.
    """
    with blame("level"):
        reference(recipe.level, recipe.site.known_here("qm"))
    with workplace(recipe.lake, recipe.site) as work:
        known = learn(work, recipe, "rattled", rattled(work, recipe))
        schedule = grounded(work, recipe.level, recipe.schedule, known)
        model = train.submit(
            work, recipe.architecture, schedule, dataset(work.lake, known), None
        ).result()
        for number in range(recipe.rounds):
            known += learn(work, recipe, f"round {number}", walked(work, recipe, model, number))
            model = train.submit(
                work, recipe.architecture, recipe.reschedule, dataset(work.lake, known), model
            ).result()
        recipe.file.write_bytes(work.lake.get_blob(model_blob(model)))
    return model


def rattled(work: Workplace, recipe: Bootstrap) -> list[str]:
    """Rattled structures of every system."""
    return [
        put_structure(
            work.lake,
            rattle(build(system), recipe.displacement, recipe.strain, recipe.volumes, int(seed)),
            system.name,
        )
        for s, system in enumerate(recipe.systems)
        for seed in np.random.SeedSequence([recipe.seed, s]).generate_state(recipe.rattled)
    ]


def walked(work: Workplace, recipe: Bootstrap, model: str, number: int) -> list[str]:
    """Frames of walks of every system with the present model."""
    walks = [
        (
            system.name,
            explore.submit(
                work, system.name, start_structure(work.lake, system), model, recipe.walk, int(seed)
            ),
        )
        for s, system in enumerate(recipe.systems)
        for seed in np.random.SeedSequence([recipe.seed, s, number + 1]).generate_state(
            recipe.walks
        )
    ]
    frames = [(name, read_walk(work.lake, walk.result())) for name, walk in walks]
    return [
        put_structure(work.lake, trajectory.frame(i), name)
        for name, trajectory in frames
        for i in range(1, len(trajectory))
    ]


def learn(work: Workplace, recipe: Bootstrap, stage: str, structures: list[str]) -> list[str]:
    """Label structures; the keys of the labels that converged."""
    labels = label.submit(
        work, stage, structures, recipe.level, recipe.max_failed, kind="structure"
    ).result()
    return [key for key, _ in converged(work.lake, labels)]
