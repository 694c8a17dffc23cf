"""What compressing came to: Figure 9, moduli with their errors, elastic constants, all points."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from flows.driven import DrivenSpec, Rest, driver, with_error
from flows.studies.base import Drawing, Findings
from nearsight.blocks import UnsupportedFramework, partition
from nearsight.figures import elastic_matrix, energy_volume
from nearsight.figures.energy_volume import Curve
from nearsight.mechanics import (
    ElasticTensor,
    EnergyCurve,
    FormSpread,
    UnphysicalFit,
    spread_over_forms,
)
from nearsight.mechanics.elastic import elastic_tensor
from nearsight.systems import System
from nearsight.systems.net import Net
from storage import Lake
from tasks.explore import read_structure
from tasks.relax import read_relaxation
from tasks.workplace import Workplace


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
    coordination
        Linkers a brick; None where the system is no framework of both.
    """

    system: System
    rest: Rest
    outward: dict[float, str] = field(default_factory=dict)
    inward: dict[float, str] = field(default_factory=dict)
    strained: list[str] = field(default_factory=list)
    curve: EnergyCurve = field(default_factory=lambda: EnergyCurve({}, {}))
    fits: FormSpread | None = None
    why_no_fit: str = ""
    tensor: ElasticTensor | None = None
    why_no_tensor: str = ""
    coordination: float | None = None

    @property
    def cells(self) -> int:
        """Unit cells that it is made of."""
        return prod(self.system.supercell)

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
        self.coordination = _coordination(work.lake, self.rest)


def _coordination(lake: Lake, rest: Rest) -> float | None:
    atoms = read_structure(lake, rest.start)
    try:
        net = Net.of(atoms, partition(atoms))
    except UnsupportedFramework:
        return None
    linkers = net.coordination()[net.bricks]
    return float(linkers.mean()) if len(linkers) else None


def write_points(file: Path, systems: Sequence[Squeezed]) -> None:
    """Write all relaxations, converged or not, as CSV."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(
            ("system", "way", "volume (Å³)", "energy (eV)", "pressure (GPa)", "status", "message")
        )
        writer.writerows(row for squeezed in systems for row in _points(squeezed))


def _points(squeezed: Squeezed) -> list[tuple[Any, ...]]:
    return [
        (squeezed.rest.name, way, volume, told.energy, told.pressure, told.status, told.message)
        for way in ("outward", "inward")
        for volume, told in getattr(squeezed.curve, way).items()
    ]


def findings(
    work: Workplace, spec: DrivenSpec, model: str | None, systems: Sequence[Squeezed], how: str
) -> Findings:
    """Figure 9 and its numbers."""
    relaxations = {p.rest.relaxation for p in systems}
    for p in systems:
        relaxations |= {*p.outward.values(), *p.inward.values(), *p.strained}
    return Findings(
        study="supercell-ev",
        title="Energy and volume (paper, Figure 9)",
        how=how,
        said=tuple(sentence for squeezed in systems for sentence in said(squeezed)),
        rows=tuple(table_row(squeezed) for squeezed in systems),
        note=(
            "V₀ and K of a supercell are those of its unit cell. ± are standard errors of the "
            "best fit, then the largest distance to another form. K of elastic constants: Reuss "
            "(the shape of the cell relaxes, as along E(V)) and Voigt (it does not)."
        ),
        drawings=tuple(drawings_of(systems)),
        numbers={"systems": [numbers_of(squeezed) for squeezed in systems]},
        records={
            "structure": sorted({k for p in systems for k in (p.rest.start, p.rest.structure)}),
            "relaxation": sorted(relaxations - set(work.lake.missing("relaxation", relaxations))),
        }
        | ({"model": [model]} if model else {}),
        **driver(spec),
    )


def table_row(squeezed: Squeezed) -> dict[str, str]:
    """One system's row."""
    row = {"system": squeezed.rest.name}
    coordination = squeezed.coordination
    row["linkers a brick"] = "" if coordination is None else f"{coordination:.2f}"
    names = ("V₀ (Å³)", "K (GPa)", "K′", "K elastic (GPa)")
    row |= dict.fromkeys(names, "")
    if squeezed.fits is not None:
        told = squeezed.fits
        volume, modulus = told.volume, told.bulk_modulus
        n = squeezed.cells
        row["V₀ (Å³)"] = with_error(volume.value / n, volume.fit_error / n, volume.form_error / n)
        row["K (GPa)"] = with_error(*modulus)
        row["K′"] = with_error(*told.bulk_modulus_derivative)
    if squeezed.tensor is not None and squeezed.tensor.stable:
        k = squeezed.tensor.bulk_modulus
        row["K elastic (GPa)"] = f"{k.reuss:.3g}, {k.voigt:.3g}"
    return row


def said(squeezed: Squeezed) -> list[str]:
    """What one system's relaxations say."""
    name, rest = squeezed.rest.name, squeezed.rest
    if rest.why_not:
        return [f"{name} was not compressed: {rest.why_not}."]
    told = []
    if squeezed.fits is None:
        told.append(f"{name} has no bulk modulus: {squeezed.why_no_fit}.")
    else:
        told.append(f"{name}: {squeezed.fits.fits[0].form} misses the points least.")
        told += [
            f"{name}: {form} was refused: {why}." for form, why in squeezed.fits.refused.items()
        ]
    told.append(_hysteresis(squeezed))
    told += [f"{name}: {failure}." for failure in squeezed.curve.failures]
    if squeezed.why_no_tensor:
        told.append(f"{name}: {squeezed.why_no_tensor}.")
    if squeezed.tensor is not None:
        told.append(_elasticity(name, squeezed.tensor))
    return told


def _hysteresis(squeezed: Squeezed) -> str:
    """Whether the way back found other structures than the way out."""
    gaps = squeezed.curve.hysteresis
    if not gaps:
        return f"{squeezed.rest.name}: no volume converged on both ways."
    volume = max(gaps, key=lambda v: abs(gaps[v]))
    worst = 1000.0 * gaps[volume] / len(squeezed.curve.outward[volume].atoms)
    if abs(worst) < SAME:
        return f"{squeezed.rest.name}: no hysteresis: out and back agree to {SAME:g} meV/atom."
    return (
        f"{squeezed.rest.name}: hysteresis: on the way back the energy differs by up to "
        f"{worst:+.2g} meV/atom, at {volume:.0f} Å³."
    )


SAME = 0.01
"""meV/atom; relaxations that end at less than this from one another found the same structure."""


def _elasticity(name: str, tensor: ElasticTensor) -> str:
    if not tensor.stable:
        return (
            f"{name} is not stable in the sense of Born: an eigenvalue of its elastic constants is "
            f"{tensor.eigenvalues[0]:.3g} GPa."
        )
    k, g = tensor.bulk_modulus, tensor.shear_modulus
    return (
        f"{name}: elastic constants are stable in the sense of Born, their eigenvalues from "
        f"{tensor.eigenvalues[0]:.3g} to {tensor.eigenvalues[-1]:.3g} GPa. Bulk modulus "
        f"{k.reuss:.3g} (Reuss), {k.voigt:.3g} (Voigt), {k.hill:.3g} GPa (Hill); shear modulus "
        f"{g.reuss:.3g}, {g.voigt:.3g}, {g.hill:.3g} GPa."
    )


def drawings_of(systems: Sequence[Squeezed]) -> list[Drawing]:
    """Figure 9, and elastic constants."""
    drawings = []
    curves = {p.rest.name: _curve(p) for p in systems if len(p.curve.volumes)}
    if curves:
        drawings.append(
            Drawing(
                title="Energy and volume",
                caption=(
                    "Energy above the lowest, of a unit cell. Full symbols: on the way out; open "
                    "ones: on the way back. Lines: the equation of state that fits best."
                ),
                alt="Energy over volume for every system",
                figure=energy_volume(curves),
            )
        )
    tensors = {p.rest.name: p.tensor.constants for p in systems if p.tensor is not None}
    if tensors:
        drawings.append(
            Drawing(
                title="Elastic constants",
                caption="In GPa, in the axes of the cell; engineering shear strains.",
                alt="A matrix of six by six numbers for every system",
                figure=elastic_matrix(tensors),
            )
        )
    return drawings


def _curve(squeezed: Squeezed) -> Curve:
    n, found = squeezed.cells, squeezed.curve
    lowest = found.energies.min()
    fit = None
    if squeezed.fits is not None:
        best = squeezed.fits.fits[0]
        lowest = best.energy
        v = np.linspace(found.volumes.min(), found.volumes.max(), 101)
        fit = np.array([v, best.energies(v) - lowest]) / n

    def way(name: str) -> np.ndarray:
        points = [
            (v, t.energy - lowest) for v, t in getattr(found, name).items() if t.energy is not None
        ]
        return np.array(points).reshape(-1, 2).T / n

    return Curve(outward=way("outward"), inward=way("inward"), fit=fit)


def numbers_of(squeezed: Squeezed) -> dict[str, Any]:
    """All that was found, as JSON can say it."""
    tensor = squeezed.tensor
    return {
        "system": squeezed.rest.name,
        "unit_cells": squeezed.cells,
        "linkers_a_brick": squeezed.coordination,
        "why_not": squeezed.rest.why_not or squeezed.why_no_fit,
        "points": [
            dict(zip(("way", "volume", "energy", "pressure", "status"), p[1:6], strict=True))
            for p in _points(squeezed)
        ],
        "hysteresis": [list(pair) for pair in squeezed.curve.hysteresis.items()],
        "fits": [vars(fit) for fit in squeezed.fits.fits] if squeezed.fits else [],
        "elastic": None
        if tensor is None
        else {
            "constants": tensor.constants.tolist(),
            "asymmetry": tensor.asymmetry,
            "eigenvalues": tensor.eigenvalues.tolist(),
            "stable": tensor.stable,
        }
        | (
            {
                "bulk_modulus": tensor.bulk_modulus._asdict(),
                "shear_modulus": tensor.shear_modulus._asdict(),
            }
            if tensor.stable
            else {}
        ),
    }
