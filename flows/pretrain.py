"""The potential that a campaign starts from, trained on periodic data alone (mlp_pr)."""

from __future__ import annotations

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.parameters import BadParameters
from flows.preflight import blame
from nearsight.potentials import Architecture, TrainingSpec, load, model_blob
from nearsight.references import SEVENNET_0, LevelOfTheory, reference
from nearsight.spec import File, Spec
from tasks.evaluate import evaluate
from tasks.ingest import dataset, elements, ingest
from tasks.isolated import grounded
from tasks.pools import Site
from tasks.train import adopt, train
from tasks.workplace import LakeUrl, workplace


class Pretraining(Spec):
    """How a start model is trained."""

    lake: LakeUrl = Field(
        min_length=1, title="Lake", description="a directory, or s3://bucket/prefix"
    )
    file: File = Field(title="File", description="model to write")
    training: File = Field(title="Training set", description="labelled extended XYZ")
    tests: dict[str, File] = Field({}, title="Test sets", description="labelled extended XYZ")
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    architecture: Architecture = Field(Architecture(), title="Architecture")
    schedule: TrainingSpec = Field(TrainingSpec(), title="Training")
    parent: File | None = Field(None, title="Parent", description="model to start from")
    site: Site = Field(Site(), title="Site")


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
        If single atoms are to be labelled, but the level of theory cannot be used, or a test set
        holds elements that the model will not know.
    BadFile
        If a file is not what it should be.
    CannotTrain
        If the training cannot begin, or came to nothing.
    """
    if recipe.parent is None and not recipe.schedule.reference_energies:
        with blame("level"):
            reference(recipe.level, recipe.site.labels)
    with workplace(recipe.lake, recipe.site) as work:
        labels = ingest(work.lake, recipe.training, recipe.level)
        data = dataset(work.lake, labels)
        tests = {
            name: dataset(work.lake, ingest(work.lake, path, recipe.level))
            for name, path in recipe.tests.items()
        }
        parent, schedule, known = None, recipe.schedule, elements(work.lake, data)
        if recipe.parent is not None:
            parent = adopt(work.lake, recipe.parent, data)
            known |= set(load(parent, work.lake).elements)
        for name, test in tests.items():
            if strange := elements(work.lake, test) - known:
                raise BadParameters(
                    f"tests.{name}: holds {', '.join(sorted(strange))}, which the model will not "
                    "know: the training set has none"
                )
        if parent is None:
            schedule = grounded(work, recipe.level, schedule, labels)
        model = train.submit(work, recipe.architecture, schedule, data, parent).result()
        recipe.file.parent.mkdir(parents=True, exist_ok=True)
        recipe.file.write_bytes(work.lake.get_blob(model_blob(model)))
        errors = evaluate.submit(work, model, tests).result()
        return {
            name: work.lake.get("evaluation", key).metadata["metrics"]
            for name, key in errors.items()
        }
