"""One system compressed and expanded: what its relaxations said, and all of them as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ase import Atoms

from flows.driven import Rest
from nearsight.blocks import UnsupportedFramework, partition
from nearsight.mechanics import (
    ElasticTensor,
    EnergyCurve,
    FormSpread,
    UnphysicalFit,
    spread_over_forms,
)
from nearsight.mechanics.elastic import elastic_tensor
from nearsight.systems import System
from nearsight.systems.defects import Concentrations, concentrations
from nearsight.systems.system import unit_cell
from tasks.relax import read_relaxation
from tasks.workplace import Workplace


class Point(NamedTuple):
    """A relaxation at a volume in Å³: energy in eV, pressure in GPa, and how it ended."""

    way: str
    volume: float
    energy: float | None
    pressure: float | None
    status: str
    message: str


@dataclass
class Squeezed:
    """One system: what was relaxed, and what came of it.

    Attributes
    ----------
    outward, inward
        Keys of relaxations, by volume in Å³.
    strained
        Keys of the twelve relaxations for the elastic constants.
    curve
        E(V).
    fits, why_no_fit
        Equations of state, or why there are none.
    tensor, why_no_tensor
        Elastic constants, or why there are none.
    composition
        Disorder as its start structure has it; None where it is no framework of bricks.
    """

    system: System
    rest: Rest
    composition: Concentrations | None
    outward: dict[float, str] = field(default_factory=dict)
    inward: dict[float, str] = field(default_factory=dict)
    strained: list[str] = field(default_factory=list)
    curve: EnergyCurve = field(default_factory=lambda: EnergyCurve({}, {}))
    fits: FormSpread | None = None
    why_no_fit: str = ""
    tensor: ElasticTensor | None = None
    why_no_tensor: str = ""

    @property
    def why_no_modulus(self) -> str:
        """Why it has no equation of state; empty where it has one."""
        return self.rest.why_not or self.why_no_fit

    @property
    def points(self) -> list[Point]:
        """All relaxations at volumes, converged or not."""
        return [
            Point(way, volume, told.energy, told.pressure, told.status, told.message)
            for way in ("outward", "inward")
            for volume, told in getattr(self.curve, way).items()
        ]

    @property
    def worst_gap(self) -> tuple[float, float] | None:
        """Volume in Å³ where the way back differs most, and by how many meV/atom; None of none."""
        gaps = self.curve.hysteresis
        if not gaps:
            return None
        volume = max(gaps, key=lambda v: abs(gaps[v]))
        return volume, 1000.0 * gaps[volume] / len(self.curve.outward[volume].atoms)

    def read(self, work: Workplace, strain: float) -> None:
        """Take in what the relaxations said."""
        ways = [
            {volume: read_relaxation(work, way[volume]) for volume in sorted(way)}
            for way in (self.outward, self.inward)
        ]
        self.curve = EnergyCurve(*ways)
        try:
            self.fits = spread_over_forms(self.curve.volumes, self.curve.energies)
        except UnphysicalFit as error:
            self.why_no_fit = str(error)
        if self.strained:
            try:
                relaxed = [read_relaxation(work, key) for key in self.strained]
                self.tensor = elastic_tensor(relaxed, strain)
            except UnphysicalFit as error:
                self.why_no_tensor = str(error)


def composition(system: System, atoms: Atoms) -> Concentrations | None:
    """Measure the disorder of a system's start structure; None without bricks that could miss."""
    try:
        blocks, cell = partition(atoms), unit_cell(system)
    except UnsupportedFramework:
        return None
    return concentrations(atoms, blocks, cell) if "brick" in blocks.kinds else None


def write_points(file: Path, systems: Sequence[Squeezed]) -> None:
    """Write all relaxations, converged or not, as CSV."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            ("system", "way", "volume (Å³)", "energy (eV)", "pressure (GPa)", "status", "message")
        )
        writer.writerows((s.rest.name, *point) for s in systems for point in s.points)
