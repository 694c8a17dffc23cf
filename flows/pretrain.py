"""One training: of the model a campaign starts from, or anew on all that a campaign labelled."""

from __future__ import annotations

from typing import Self

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.here import Placed
from flows.parameters import BadParameters
from flows.preflight import blame
from flows.studies.sources import ModelSource, find_model, learned_under
from nearsight.potentials import Architecture, TrainingSpec, load, model_blob
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.spec import File
from tasks.evaluate import evaluate
from tasks.grow import grown
from tasks.ingest import dataset, elements, ingest, members, together
from tasks.isolated import grounded
from tasks.train import adopt, train
from tasks.workplace import workplace


class Pretraining(Placed):
    """How a model is trained, and on what."""

    file: File = Field(title="File", description="model to write")
    training: File | None = Field(None, title="Training set", description="labelled extended XYZ")
    snapshot: str | tuple[str, ...] | None = Field(
        None,
        title="Snapshot",
        description="instead of a training set: the tag of a cycle, such as sup/cycle-003, for "
        "all crystals and clusters that the campaign had learned from by then; or several",
    )
    tests: dict[str, File] = Field({}, title="Test sets", description="labelled extended XYZ")
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    architecture: Architecture = Field(Architecture(), title="Architecture")
    schedule: TrainingSpec = Field(TrainingSpec(), title="Training")
    parent: ModelSource | File | None = Field(
        None, title="Parent", description="model to start from: a file, or one of the lake"
    )

    @model_validator(mode="after")
    def _one_training_set(self) -> Self:
        if (self.training is None) == (self.snapshot is None):
            raise ValueError("training: give one of training and snapshot")
        return self


@flow(
    name="pretrain",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def pretrain(recipe: Pretraining) -> dict[str, dict[str, float]]:
    """Train, write the model to a file, and return its metrics by test set.

    Raises
    ------
    BadParameters
        If single atoms are to be labelled, but the level of theory cannot be used, a test set
        holds elements that the model will not know, or the lake has no such snapshot or parent.
    BadFile
        If a file is not what it should be.
    CannotTrain
        If the training cannot begin, or came to nothing.
    """
    if recipe.parent is None and not recipe.schedule.reference_energies:
        with blame("level"):
            reference(recipe.level, recipe.site.known_here("qm"))
    with workplace(recipe.lake, recipe.site) as work:
        if recipe.training is None:
            assert recipe.snapshot is not None
            tags = (recipe.snapshot,) if isinstance(recipe.snapshot, str) else recipe.snapshot
            data = together(work.lake, [learned_under(work.lake, tag) for tag in tags])
        else:
            data = dataset(work.lake, ingest(work.lake, recipe.training, recipe.level))
        tests = {
            name: dataset(work.lake, ingest(work.lake, path, recipe.level))
            for name, path in recipe.tests.items()
        }
        parent, schedule, known = None, recipe.schedule, elements(work.lake, data)
        if recipe.parent is not None:
            if isinstance(recipe.parent, ModelSource):
                parent = find_model(work.lake, recipe.parent)
            else:
                parent = adopt(work.lake, recipe.parent, data)
            parent = grown(work.lake, parent, known)
            known |= set(load(parent, work.lake).elements)
        for name, test in tests.items():
            if strange := elements(work.lake, test) - known:
                raise BadParameters(
                    f"tests.{name}: holds {', '.join(sorted(strange))}, which the model will not "
                    "know: the training set has none"
                )
        if parent is None:
            labels = [label for label, _ in members(work.lake, data)]
            schedule = grounded(work, recipe.level, schedule, labels)
        model = train.submit(work, recipe.architecture, schedule, data, parent).result()
        recipe.file.parent.mkdir(parents=True, exist_ok=True)
        recipe.file.write_bytes(work.lake.get_blob(model_blob(model)))
        errors = evaluate.submit(work, model, tests).result()
        return {
            name: work.lake.get("evaluation", key).metadata["metrics"]
            for name, key in errors.items()
        }
