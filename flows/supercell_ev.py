"""E(V) of frameworks, of unit cells and supercells (paper, Sections 3 and 4.5.1, Figure 9)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Self

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.driven import DrivenSpec, at_rest, check, check_ratios
from flows.energy_report import findings
from flows.squeezed import Squeezed, composition, write_points
from flows.studies.base import Findings
from nearsight.mechanics.energy_curve import sides
from nearsight.references import LevelOfTheory
from nearsight.systems import System
from tasks.compress import compress
from tasks.strain import strain
from tasks.workplace import Workplace, workplace


class SupercellEV(DrivenSpec):
    """Which systems to compress and expand, with what, and how far."""

    configurations: int = Field(
        1,
        ge=1,
        title="Configurations",
        description="of every system with disorder: drawn from its seed and those that follow it",
    )
    volumes: tuple[float, ...] = Field(
        (0.95, 0.96, 0.97, 0.98, 0.99, 1.0, 1.01, 1.02, 1.03),
        min_length=5,
        title="Volumes",
        description="relative to the relaxed one",
    )
    elastic: bool = Field(
        True, title="Elastic constants", description="too: twelve relaxations more"
    )
    strain: float = Field(
        0.005, gt=0, lt=0.1, title="Strain", description="for the elastic constants"
    )

    @model_validator(mode="after")
    def _ratios(self) -> Self:
        check_ratios(self.volumes)
        return self

    @model_validator(mode="after")
    def _ensembles(self) -> Self:
        if self.configurations > 1 and not any(system.disorder for system in self.systems):
            raise ValueError("configurations: no system has disorder that could be drawn again")
        drawn = [system for _, system in self.drawn]
        names = Counter(system.name for system in drawn)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(
                f"systems: {', '.join(twice)} would be drawn twice: let seeds of systems that "
                f"differ in nothing else lie {self.configurations} apart, as there are as many "
                "configurations of each"
            )
        ensembles = Counter(system.ensemble for system in {system.drawn(0) for system in drawn})
        if alike := [name for name, count in ensembles.items() if count > 1]:
            raise ValueError(
                f"systems: two that differ in more than their seed have the same name but for it: "
                f"{', '.join(alike)}"
            )
        return self

    @property
    def drawn(self) -> list[tuple[str, System]]:
        """The systems that are run, each after the field that asks for it."""
        drawn = []
        for field, system in super().drawn:
            if system.disorder is None or self.configurations == 1:
                drawn.append((field, system))
            else:
                first = system.disorder.seed
                seeds = range(first, first + self.configurations)
                drawn += [(f"{field}, seed {seed}", system.drawn(seed)) for seed in seeds]
        return drawn


@flow(
    name="supercell_ev",
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # type: ignore[arg-type]
    persist_result=False,
)
def supercell_ev(spec: SupercellEV) -> Findings:
    """Relax systems at volumes outwards from rest and back, and fit equations of state.

    Whatever the lake already holds is not computed again.

    Raises
    ------
    BadParameters
        If the systems and what drives them do not fit; before anything runs.
    """
    with workplace(spec.lake, spec.site) as work:
        explorer, structures = check(spec, work.lake)
        rests = at_rest(work, spec, explorer, structures)
        systems = [
            Squeezed(system, rest, composition(system, atoms))
            for (_, system), rest, atoms in zip(spec.drawn, rests, structures, strict=True)
        ]
        moving = [squeezed for squeezed in systems if not squeezed.rest.why_not]
        follow(work, spec, explorer, moving)
        for squeezed in moving:
            squeezed.read(work, spec.strain)
        write_points(spec.file.with_suffix(".csv"), systems)
        model = explorer if isinstance(explorer, str) else None
        return findings(work, spec, model, systems, how(spec)).keep(work.lake, spec.file)


def follow(
    work: Workplace,
    spec: SupercellEV,
    explorer: str | LevelOfTheory,
    systems: Sequence[Squeezed],
) -> None:
    """Compress, expand and strain all systems, side by side."""
    ways, strained = [], []
    for squeezed in systems:
        rest = squeezed.rest
        for side in sides(rest.volume, [ratio * rest.volume for ratio in spec.volumes]):
            if side:
                way = compress.submit(
                    work, rest.name, rest.structure, explorer, spec.relaxation, side, back=True
                )
                ways.append((squeezed, way))
        if spec.elastic:
            twelve = strain.submit(
                work, rest.name, rest.structure, explorer, spec.relaxation, spec.strain
            )
            strained.append((squeezed, twelve))
    for squeezed, there_and_back in ways:
        outward, inward = there_and_back.result()
        squeezed.outward |= outward
        squeezed.inward |= inward
    for squeezed, keys in strained:
        squeezed.strained = keys.result()


def how(spec: SupercellEV) -> str:
    """How it was made, for the page."""
    told = (
        f"Every system was relaxed, positions and cell, and then {spec.relaxation.moves} at "
        f"{len(spec.volumes)} volumes, to {spec.relaxation.max_force:g} eV/Å and "
        f"{spec.relaxation.max_stress:g} GPa: outwards from rest, each from its relaxed "
        "neighbour, and back. The lower energy counts. Birch-Murnaghan, Vinet and a cubic "
        "polynomial were fitted; the one that misses the points least is told."
    )
    if spec.configurations > 1:
        told += f" Disorder was drawn {spec.configurations} times, each time from another seed."
    if spec.elastic:
        told += (
            f" Elastic constants are slopes of the stress between strains of ±{spec.strain:g}, "
            "atoms relaxed."
        )
    return told
