"""The parameters of a campaign: its YAML file, its form in the UI, the content of its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from flows.here import Placed
from nearsight.potentials import Architecture, TrainingSpec
from nearsight.references import SEVENNET_0, LevelOfTheory
from nearsight.sampling import WalkSpec
from nearsight.spec import File, Spec
from nearsight.systems import System
from nearsight.uncertainty import DensitySpec, MixtureSpec
from tasks.options import Extraction

DATA = Path(__file__).parent / "data"
"""What ships with Nearsight: data sets and the pristine model of UiO-66, see its README.md.

Defaults that lie there are made by factories, which forms do not show: sites have it elsewhere.
"""


class Start(Spec):
    """What a campaign knows at the beginning."""

    training: File = Field(
        default_factory=lambda: DATA / "pristine-train.extxyz.xz",
        title="Training set",
        description="labelled structures (extended XYZ), at the campaign's level of theory; if not "
        "given, those of UiO-66 that ship with Nearsight",
    )
    model: File | None = Field(
        default_factory=lambda: DATA / "pristine.safetensors",
        title="Model",
        description="trained on that set; None: the campaign begins by training it",
    )
    architecture: Architecture = Field(Architecture(), title="Architecture of a new model")
    schedule: TrainingSpec = Field(TrainingSpec(), title="Training of a new model")

    @model_validator(mode="after")
    def _model_of_that_set(self) -> Self:
        if "training" in self.model_fields_set and "model" not in self.model_fields_set:
            raise ValueError(
                "model: name the model that was trained on start.training, or leave it empty to "
                "begin by training one"
            )
        return self


class Retraining(Spec):
    """How every cycle retrains."""

    schedule: TrainingSpec = Field(TrainingSpec(epochs=12, learning_rate=0.008), title="Schedule")
    replay: int = Field(
        20,
        ge=1,
        title="Structures of the training set that are shown again",
        description="drawn anew for every cycle, so that nothing is forgotten",
    )


class Campaign(Placed):
    """An active-learning campaign (paper, Section 2.2)."""

    name: str = Field(
        "campaign",
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        title="Name",
        description="small letters, digits and hyphens; tags its snapshots",
    )
    systems: tuple[System, ...] = Field(
        (System(variant="ld"),), min_length=1, title="Systems to learn"
    )
    cycles: int = Field(3, ge=1, le=1000, title="Cycles at most")
    walks: int = Field(2, ge=1, le=10_000, title="Walks for each system in a cycle")
    target: float | None = Field(
        None,
        gt=0,
        title="Accuracy target",
        description="meV/Å; the campaign ends once force MAE_p95 is below it on every test set",
    )
    max_failed: float = Field(
        0.5, ge=0, le=1, title="Share of failed labels that ends the campaign"
    )
    seed: int = Field(0, ge=0, title="Seed")
    level: LevelOfTheory = Field(SEVENNET_0, title="Level of theory")
    extraction: Extraction = Field(Extraction(), title="Extraction")
    walk: WalkSpec = Field(WalkSpec(), title="Walk")
    explorer: LevelOfTheory | None = Field(
        None,
        title="Explorer",
        description="drives the walks, such as another potential by its ASE calculator; without "
        "one, the model of the last cycle does",
        exclude_if=lambda explorer: explorer is None,  # campaigns without go on
    )
    density: DensitySpec = Field(MixtureSpec(), title="Density of known environments")
    tests: dict[str, File] = Field(
        default_factory=lambda: {
            "S_pr": DATA / "pristine-test.extxyz.xz",
            "S_ld": DATA / "linker-defect-test.extxyz.xz",
        },
        min_length=1,
        title="Test sets",
        description="labelled structures (extended XYZ) by name; if not given, those of UiO-66 "
        "that ship with Nearsight",
    )
    start: Start = Field(default_factory=Start, title="Start")
    retraining: Retraining = Field(Retraining(), title="Retraining")

    def files(self) -> dict[str, Path]:
        """Every file that the campaign reads, by the field that names it."""
        files = {"start.training": self.start.training, "start.model": self.start.model}
        files |= {f"tests.{name}": path for name, path in self.tests.items()}
        files |= {f"systems.{i}.file": system.file for i, system in enumerate(self.systems)}
        return {field: path for field, path in files.items() if path is not None}

    @model_validator(mode="after")
    def _files_are_there(self) -> Self:
        for field, path in self.files().items():
            if not path.is_file():
                raise ValueError(f"{field}: there is no file {path}")
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names):
            raise ValueError(f"systems: two of them are called {max(names, key=names.count)}")
        return self


DEMO = Campaign(
    name="demo",
    lake="lake/demo",
    cycles=2,
    walks=6,
    walk=WalkSpec(duration=200.0, frame_interval=5.0),
    extraction=Extraction(clusters=20),
)
"""The main job on embedded defaults: learn a linker defect in UiO-66 on a laptop."""
