"""E(V) of frameworks, of unit cells and supercells (paper, Sections 3 and 4.5.1, Figure 9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.driven import DrivenSpec, at_rest, check, check_ratios
from flows.energy_report import Squeezed, findings, write_points
from flows.studies.base import Findings
from nearsight.mechanics.energy_curve import sides
from nearsight.references import LevelOfTheory
from tasks.compress import compress
from tasks.strain import strain
from tasks.workplace import Workplace, workplace


class SupercellEV(DrivenSpec):
    """Which systems to compress and expand, with what, and how far."""

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
        systems = [Squeezed(*pair) for pair in zip(spec.systems, rests, strict=True)]
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
    if spec.elastic:
        told += (
            f" Elastic constants are slopes of the stress between strains of ±{spec.strain:g}, "
            "atoms relaxed."
        )
    return told
