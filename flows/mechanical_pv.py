"""P(V) of frameworks, and how they give way (paper, Sections 3 and 4.5, Figure 8, Table 5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from ase import Atoms
from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field, model_validator

from flows.driven import DrivenSpec, at_rest, check, check_grid, check_ratios
from flows.parameters import BadParameters
from flows.preflight import blame
from flows.pressed import Pressed, hold_against_rest, write_points
from flows.pressure_report import findings
from flows.studies.base import Findings
from nearsight.mechanics.energy_curve import sides
from nearsight.mechanics.state_points import Branch
from nearsight.references import LevelOfTheory
from nearsight.sampling._yaff_compat import MissingYaff
from nearsight.sampling.guards import Guards
from nearsight.sampling.yaff import Yaff
from storage import Lake
from tasks.compress import compress
from tasks.explore import read_structure
from tasks.relax import relaxed_structure
from tasks.respond import LongWalk, respond
from tasks.workplace import Workplace, workplace


class MechanicalPV(DrivenSpec):
    """Which systems to press, with what, and how hard."""

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

    @model_validator(mode="after")
    def _has_points(self) -> Self:
        if not (self.pressures or self.volumes):
            raise ValueError("pressures: neither pressures nor volumes were given")
        check_ratios(self.volumes)
        check_grid("pressures", self.pressures)
        for pressure in self.pressures:
            self.stable.at("stable", pressure)
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
        If the systems, what drives them or the engines do not fit; before anything runs.
    """
    with workplace(spec.lake, spec.site) as work:
        explorer, structures = check(spec, work.lake)
        check_walks(spec, structures)
        systems = [Pressed(rest) for rest in at_rest(work, spec, explorer, structures)]
        moving = [pressed for pressed in systems if not pressed.rest.why_not]
        grids = {p.rest.name: [r * p.rest.volume for r in spec.volumes] for p in moving}
        walks = [
            walk_at(work, spec, explorer, pressed, pressed.rest.structure, "stable", pressure)
            for pressed in moving
            for pressure in spec.pressures
        ]
        starts = unstable_starts(work, spec, explorer, moving, grids)
        collect(work.lake, walks + at_volumes(work, spec, explorer, starts), moving)
        for _ in range(spec.refinements if spec.volumes else 0):
            finer = {pressed.rest.name: pressed.finer() for pressed in moving}
            starts = unstable_starts(work, spec, explorer, moving, finer)
            collect(work.lake, at_volumes(work, spec, explorer, starts), moving)
        for pressed in moving:
            hold_against_rest(work.lake, pressed)
        write_points(spec.file.with_suffix(".csv"), systems)
        model = explorer if isinstance(explorer, str) else None
        return findings(work, spec, model, systems, how(spec)).keep(work.lake, spec.file)


def check_walks(spec: MechanicalPV, structures: Sequence[Atoms]) -> None:
    """Make sure that walks can begin: YAFF is there, and the bonds of every system can be told."""
    if spec.volumes:
        try:
            Yaff()
        except MissingYaff as error:
            raise BadParameters(
                f"volumes: {error}. Or leave volumes empty, for the stable branch alone"
            ) from error
    for number, atoms in enumerate(structures):
        with blame(f"systems.{number}"):
            Guards(spec.stable.leg, atoms)


def unstable_starts(
    work: Workplace,
    spec: MechanicalPV,
    explorer: str | LevelOfTheory,
    systems: Sequence[Pressed],
    volumes: dict[str, list[float]],
) -> list[tuple[Pressed, float, str]]:
    """Structures relaxed at volumes in Å³, by continuation outwards from what is known.

    Where a relaxation does not converge, the walk starts from the structure that it ended with.
    """
    ways = []
    for pressed in systems:
        if new := volumes[pressed.rest.name]:
            for side in sides(pressed.rest.volume, new):
                if side:
                    start = pressed.nearest(side[0])
                    name = pressed.rest.name
                    way = compress.submit(work, name, start, explorer, spec.relaxation, side)
                    ways.append((pressed, way))
    starts = []
    for pressed, way in ways:
        guards = Guards(spec.unstable.leg, read_structure(work.lake, pressed.rest.start))
        for volume, key in way.result()[0].items():
            pressed.relaxed[volume] = relaxed_structure(work, key)
            atoms = read_structure(work.lake, pressed.relaxed[volume])
            if why := guards.bonds(atoms.positions, atoms.cell.array):
                pressed.changed[volume] = why
            starts.append((pressed, volume, pressed.relaxed[volume]))
    return starts


def at_volumes(
    work: Workplace,
    spec: MechanicalPV,
    explorer: str | LevelOfTheory,
    starts: Sequence[tuple[Pressed, float, str]],
) -> list[Walk]:
    """Begin walks at constant volume."""
    return [
        walk_at(work, spec, explorer, pressed, start, "unstable", volume)
        for pressed, volume, start in starts
    ]


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
    long = spec.stable if branch == "stable" else spec.unstable
    return pressed, respond.submit(
        work, pressed.rest.name, start, explorer, long, branch, fixed, spec.seed
    )


def collect(lake: Lake, walks: Sequence[Walk], systems: Sequence[Pressed]) -> None:
    """Wait for walks, and draw the curves with what they said."""
    for pressed, walk in walks:
        pressed.responses.append(walk.result())
    for pressed in systems:
        pressed.read(lake)


def how(spec: MechanicalPV) -> str:
    """How it was made, for the page."""

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
