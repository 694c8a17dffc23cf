"""P(V) of frameworks, and how they give way (paper, Sections 3 and 4.5, Figure 8, Table 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.parameters import BadParameters
from flows.preflight import blame
from flows.pressure_report import (
    Pressed,
    drawings_of,
    hold_against_rest,
    numbers_of,
    said,
    table_row,
    write_points,
)
from flows.studies.base import Findings
from flows.studies.sources import ModelSource, find_model
from nearsight.mechanics import Relaxation
from nearsight.mechanics.state_points import (
    Branch,
)
from nearsight.potentials import load
from nearsight.references import GPAWLevel, LevelOfTheory
from nearsight.sampling._yaff_compat import MissingYaff
from nearsight.sampling.yaff import Yaff
from nearsight.spec import File, Spec
from nearsight.systems import System, build
from storage import Lake
from tasks.explore import external, read_structure, start_structure
from tasks.pools import Site
from tasks.relax import read_relaxation, relax, relaxed_structure
from tasks.respond import LongWalk, respond
from tasks.workplace import LakeUrl, Workplace, workplace


class MechanicalPV(Spec):
    """Which systems to press, with what, and how hard."""

    lake: LakeUrl = Field(
        min_length=1, title="Lake", description="a directory, or s3://bucket/prefix"
    )
    file: File = Field(
        title="Results", description="JSON file to write; page, figures and CSV lie beside it"
    )
    systems: tuple[System, ...] = Field(min_length=1, title="Systems")
    model: ModelSource | None = Field(None, title="Model", description="drives the walks")
    level: LevelOfTheory | None = Field(
        None, title="Level of theory", description="drives the walks instead of a model"
    )
    relaxation: Relaxation = Field(
        Relaxation(), title="Relaxation", description="of the structures that walks start from"
    )
    pressures: tuple[float, ...] = Field(
        (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0),
        title="Pressures",
        description="GPa; of the walks on the stable branch",
    )
    volumes: tuple[float, ...] = Field(
        (1.02, 1.0, 0.98, 0.96, 0.94, 0.92, 0.90, 0.87, 0.84, 0.80),
        title="Volumes",
        description="relative to the relaxed one; of the walks on the unstable branch; empty: the "
        "stable branch alone",
    )
    stable: LongWalk = Field(LongWalk(), title="Walks at constant pressure")
    unstable: LongWalk = Field(LongWalk(), title="Walks at constant volume")
    refinements: int = Field(
        1, ge=0, le=5, title="Refinements", description="times that volumes around P_max are added"
    )
    seed: int = Field(0, ge=0, title="Seed")
    site: Site = Field(Site(), title="Site")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.model is None) == (self.level is None):
            raise ValueError("give what drives the walks: either a model or a level of theory")
        if self.file.suffix != ".json":
            raise ValueError(f"file: {self.file} must end in .json")
        if not (self.pressures or self.volumes):
            raise ValueError("pressures: neither pressures nor volumes were given")
        for ratio in self.volumes:
            if not 0.3 <= ratio <= 1.5:
                raise ValueError(f"volumes: {ratio:g} is no ratio to the relaxed volume, near 1")
        for pressure in self.pressures:
            self.stable.at("stable", pressure).model_validate(
                self.stable.at("stable", pressure).model_dump()
            )
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names):
            raise ValueError(f"systems: two have the same name: {', '.join(sorted(names))}")
        return self


Walk = tuple[Pressed, Any]
"""A system, and the future of one of its walks."""


@flow(
    name="mechanical_pv",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def mechanical_pv(spec: MechanicalPV) -> Findings:
    """Press systems until they give way: <V>(P) in OpenMM, <P>(V) in YAFF, and what joins them.

    Whatever the lake already holds is not computed again.

    Raises
    ------
    BadParameters
        If the model, the level of theory or the engines do not fit; before anything runs.
    """
    with workplace(spec.lake, spec.site) as work:
        explorer = check(spec, work.lake)
        systems = [Pressed(s.name, start_structure(work.lake, s)) for s in spec.systems]
        relax_all(work, spec, explorer, systems)
        moving = [pressed for pressed in systems if pressed.rest]
        stable = [
            walk_at(work, spec, explorer, pressed, str(pressed.rest), "stable", pressure)
            for pressed in moving
            for pressure in spec.pressures
        ]
        unstable = [
            walk
            for pressed in moving
            for walk in at_volumes(work, spec, explorer, pressed, grid(work.lake, spec, pressed))
        ]
        collect(work.lake, stable + unstable, moving)
        for _ in range(spec.refinements if spec.volumes else 0):
            finer = [
                walk
                for pressed in moving
                for walk in at_volumes(work, spec, explorer, pressed, pressed.finer())
            ]
            collect(work.lake, finer, moving)
        for pressed in moving:
            hold_against_rest(work.lake, pressed)
        write_points(spec.file.with_suffix(".csv"), systems)
        return findings(spec, explorer, systems).keep(work.lake, spec.file)


def check(spec: MechanicalPV, lake: Lake) -> str | LevelOfTheory:
    """What drives the walks, once it is sure that they can begin."""
    if spec.volumes:
        try:
            Yaff()
        except MissingYaff as error:
            raise BadParameters(
                f"volumes: {error} Or leave volumes empty, for the stable branch alone."
            ) from error
    if spec.level is not None:
        with blame("level"):
            external(spec.level, spec.site.labels)
            if isinstance(spec.level, GPAWLevel):
                raise ValueError(f"{spec.level.name} has no stress, which these walks need")
        return spec.level
    assert spec.model is not None
    model = find_model(lake, spec.model)
    known = set(load(model, lake).elements)
    for number, system in enumerate(spec.systems):
        with blame(f"systems.{number}"):
            if strange := set(build(system).symbols) - known:
                raise BadParameters(
                    f"systems.{number}: the model knows no {', '.join(sorted(strange))}, which "
                    f"{system.name} holds"
                )
    return model


def relax_all(
    work: Workplace,
    spec: MechanicalPV,
    explorer: str | LevelOfTheory,
    systems: Sequence[Pressed],
) -> None:
    """Relax every system, positions and cell; without that there is nothing to press."""
    how = spec.relaxation.model_copy(update={"moves": "positions and cell"})
    ends = [relax.submit(work, pressed.name, pressed.start, explorer, how) for pressed in systems]
    for pressed, end in zip(systems, ends, strict=True):
        found = read_relaxation(work.lake, end.result())
        if found.status == "converged":
            pressed.rest = relaxed_structure(work.lake, end.result())
        else:
            pressed.why_no_rest = f"its relaxation {found.status}: {found.message}"


def at_volumes(
    work: Workplace,
    spec: MechanicalPV,
    explorer: str | LevelOfTheory,
    pressed: Pressed,
    volumes: Sequence[float],
) -> list[Walk]:
    """Begin walks at volumes in Å³, each from the structure relaxed there.

    Relaxations go outwards, each from the nearest one that converged. Where one does not, the walk
    starts from the structure that it ended with.
    """
    assert pressed.rest is not None
    known = pressed.relaxed or {read_structure(work.lake, pressed.rest).get_volume(): pressed.rest}
    rest = next(iter(known))
    walks = []
    for volume in sorted(volumes, key=lambda v: abs(v - rest)):
        nearest = known[min(known, key=lambda v: abs(v - volume))]
        end = relax.submit(work, pressed.name, nearest, explorer, spec.relaxation, volume).result()
        start = relaxed_structure(work.lake, end)
        if read_relaxation(work.lake, end).status == "converged":
            known[volume] = start
        walks.append(walk_at(work, spec, explorer, pressed, start, "unstable", volume))
    pressed.relaxed = known
    return walks


def walk_at(
    work: Workplace,
    spec: MechanicalPV,
    explorer: str | LevelOfTheory,
    pressed: Pressed,
    start: str,
    branch: Branch,
    fixed: float,
) -> Walk:
    """Begin one walk."""
    how = spec.stable if branch == "stable" else spec.unstable
    return pressed, respond.submit(
        work, pressed.name, start, explorer, how, branch, fixed, spec.seed
    )


def collect(lake: Lake, walks: Sequence[Walk], systems: Sequence[Pressed]) -> None:
    """Wait for walks, and draw the curves with what they said."""
    for pressed, walk in walks:
        pressed.responses.append(walk.result())
    for pressed in systems:
        pressed.read(lake)


def grid(lake: Lake, spec: MechanicalPV, pressed: Pressed) -> list[float]:
    """Volumes of the walks on the unstable branch, Å³."""
    assert pressed.rest is not None
    rest = read_structure(lake, pressed.rest).get_volume()
    return [ratio * rest for ratio in spec.volumes]


def findings(
    spec: MechanicalPV, explorer: str | LevelOfTheory, systems: Sequence[Pressed]
) -> Findings:
    """Table 5, Figure 8, and how each system gives way."""
    return Findings(
        study="mechanical-pv",
        title="Response to pressure (paper, Figure 8 and Table 5)",
        level=explorer[:12] if isinstance(explorer, str) else explorer.name,
        basis="model" if isinstance(explorer, str) else "level of theory",
        caveat="What this page tells comes from that potential, and is as good or as bad as it.",
        said=tuple(sentence for pressed in systems for sentence in said(pressed)),
        how=_how(spec),
        rows=tuple(table_row(pressed) for pressed in systems),
        note="± are standard errors, from the statistics of the walks. Empty: it was not found.",
        drawings=tuple(drawings_of(systems)),
        numbers={"systems": [numbers_of(pressed) for pressed in systems]},
        records={
            "structure": sorted({key for p in systems for key in (p.start, p.rest) if key}),
            "response": sorted({key for p in systems for key in p.responses}),
        }
        | ({"model": [explorer]} if isinstance(explorer, str) else {}),
    )


def _how(spec: MechanicalPV) -> str:
    def walk(how: LongWalk) -> str:
        return f"{how.legs * how.leg.duration / 1000:g} ps at {how.leg.temperature:g} K"

    told = ""
    if spec.pressures:
        told += (
            f"On the stable branch, walks of {walk(spec.stable)} by OpenMM at constant pressure, "
            "their volumes averaged. "
        )
    if spec.volumes:
        told += (
            f"On the unstable branch, walks of {walk(spec.unstable)} by YAFF at constant volume "
            "and free shape, their pressures averaged. "
        )
    return told + (
        "What came before equilibrium was left out; errors account for correlation in time. "
        "Walks that were stopped (a bond broke or formed, a volume or force ran away), that still "
        "drift or that are too short are shown and left out. The curve is a Gaussian process "
        "through all that counts."
    )
