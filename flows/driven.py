"""What flows of mechanics share: systems, what drives them, and where they rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Self, TypedDict

import numpy as np
from ase import Atoms
from pydantic import Field, model_validator

from flows.here import Placed
from flows.parameters import BadParameters
from flows.preflight import blame, check_known
from flows.studies.sources import ModelSource, find_model
from nearsight.mechanics import Relaxation
from nearsight.potentials import load
from nearsight.references import GPAWLevel, LevelOfTheory
from nearsight.spec import File
from nearsight.systems import System, build_crystal
from storage import Lake
from tasks.explore import external, put_structure
from tasks.relax import read_relaxation, relax, relaxed_structure
from tasks.workplace import Workplace


class DrivenSpec(Placed):
    """Which systems, and what drives them: a model, or any ASE calculator."""

    file: File = Field(
        title="Results", description="JSON file to write; page, figures and CSV lie beside it"
    )
    systems: tuple[System, ...] = Field(
        min_length=1, title="Systems", description="a file may hold any crystal"
    )
    model: ModelSource | None = Field(None, title="Model", description="drives the systems")
    level: LevelOfTheory | None = Field(
        None,
        title="Level of theory",
        description="drives the systems instead of a model, such as any ASE calculator",
    )
    relaxation: Relaxation = Field(Relaxation(), title="Relaxation")

    @model_validator(mode="after")
    def _driven_and_named(self) -> Self:
        if (self.model is None) == (self.level is None):
            raise ValueError("model: give what drives the systems, a model or a level of theory")
        if self.file.suffix != ".json":
            raise ValueError(f"file: {self.file} must end in .json")
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names):
            raise ValueError(f"systems: two have the same name: {', '.join(sorted(names))}")
        if self.relaxation.moves == "positions and cell":
            raise ValueError(
                "relaxation.moves: what moves at a fixed volume: positions and shape, or positions "
                "only"
            )
        return self

    @property
    def drawn(self) -> list[tuple[str, System]]:
        """The systems that are run, each after the field that asks for it."""
        return [(f"systems.{number}", system) for number, system in enumerate(self.systems)]


def check_grid(field: str, values: Sequence[float]) -> None:
    """Refuse a grid that holds a value twice, for one walk would count as two.

    Raises
    ------
    ValueError
        If it does.
    """
    if len(set(values)) < len(values):
        raise ValueError(f"{field}: one is there twice")


def check_ratios(volumes: Sequence[float]) -> None:
    """Refuse volumes that are no grid of ratios to the relaxed one.

    Raises
    ------
    ValueError
        If they are not.
    """
    for ratio in volumes:
        if not 0.3 <= ratio <= 1.5:
            raise ValueError(f"volumes: {ratio:g} is no ratio to the relaxed volume, near 1")
    check_grid("volumes", volumes)


@dataclass(frozen=True)
class Rest:
    """Where a system rests: keys of its start and of its relaxation, and how that ended."""

    name: str
    start: str
    relaxation: str
    structure: str
    volume: float
    why_not: str


def check(spec: DrivenSpec, lake: Lake) -> tuple[str | LevelOfTheory, list[Atoms]]:
    """What drives the systems, and their structures, once it is sure that they fit.

    Raises
    ------
    BadParameters
        If they do not; the message names the field and what is wrong.
    """
    check_folder(spec.file.parent)
    structures = []
    for field, system in spec.drawn:
        with blame(field):
            structures.append(build_crystal(system))
    if spec.level is not None:
        with blame("level"):
            external(spec.level, spec.site.known_here("md"))
            if isinstance(spec.level, GPAWLevel):
                raise ValueError(f"{spec.level.name} has no stress, which a free cell needs")
        return spec.level, structures
    assert spec.model is not None
    model = find_model(lake, spec.model)
    known = load(model, lake).elements
    for (field, system), atoms in zip(spec.drawn, structures, strict=True):
        check_known(field, system.name, atoms, known)
    return model, structures


def check_folder(folder: Path) -> None:
    """Make sure that results can be written, which would else be known after days of walks."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise BadParameters(
            f"file: nothing can be written to {folder}: {error.strerror}"
        ) from error


def at_rest(
    work: Workplace,
    spec: DrivenSpec,
    explorer: str | LevelOfTheory,
    structures: Sequence[Atoms],
) -> list[Rest]:
    """Relax every system, positions and cell: what it is pressed from."""
    free = spec.relaxation.model_copy(update={"moves": "positions and cell"})
    names = [system.name for _, system in spec.drawn]
    starts = [
        put_structure(work.lake, atoms, name) for name, atoms in zip(names, structures, strict=True)
    ]
    ends = [
        relax.submit(work, name, start, explorer, free)
        for name, start in zip(names, starts, strict=True)
    ]
    rests = []
    for name, start, end in zip(names, starts, ends, strict=True):
        key = end.result()
        found = read_relaxation(work, key)
        rests.append(
            Rest(
                name=name,
                start=start,
                relaxation=key,
                structure=relaxed_structure(work, key),
                volume=found.atoms.get_volume(),
                why_not=""
                if found.status == "converged"
                else f"its relaxation {found.status} after {found.steps} steps: {found.message}",
            )
        )
    return rests


class Driver(TypedDict):
    """What findings say of what drove the systems."""

    level: str
    basis: str
    caveat: str


def driver(spec: DrivenSpec) -> Driver:
    """Name of the model or the level of theory, and what numbers from it are worth."""
    if spec.level is not None:
        name, basis = spec.level.name, "level of theory"
    else:
        assert spec.model is not None
        model = spec.model.file.name if spec.model.file else spec.model.tag or spec.model.key
        name, basis = str(model), "model"
    caveat = f"Every number on this page comes from that {basis}, and is as good as it."
    return {"level": name, "basis": basis, "caveat": caveat}


def with_error(value: float, *errors: float) -> str:
    """The value to the digits that its errors leave: two of the largest."""
    largest = max(errors)
    digits = 1 - int(np.floor(np.log10(largest))) if 0 < largest < np.inf else 3
    return " ± ".join(f"{number:.{max(digits, 0)}f}" for number in (value, *errors))
