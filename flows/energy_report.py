"""What compressing came to: Figure 9, moduli with their errors, elastic constants, ensembles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from flows import ensembles
from flows.driven import DrivenSpec, driver, with_error
from flows.ensembles import Ensemble, by_domain, ensembles_of
from flows.squeezed import Squeezed
from flows.studies.base import Drawing, Findings
from nearsight.figures import elastic_matrix, energy_volume, modulus_disorder
from nearsight.figures.energy_volume import Curve
from nearsight.figures.modulus_disorder import Moduli
from nearsight.mechanics import ElasticTensor
from tasks.workplace import Workplace


def findings(
    work: Workplace, spec: DrivenSpec, model: str | None, systems: Sequence[Squeezed], how: str
) -> Findings:
    """Figure 9 and its numbers."""
    groups = ensembles_of(systems)
    several = [group for group in groups if group.several]
    elastic = any(p.strained for p in systems)
    relaxations = {p.rest.relaxation for p in systems}
    for p in systems:
        relaxations |= {*p.outward.values(), *p.inward.values(), *p.strained}
    return Findings(
        study="supercell-ev",
        title="Energy and volume (paper, Figure 9)",
        how=how,
        said=tuple(
            [sentence for group in several for sentence in ensembles.said(group)]
            + [
                sentence
                for group in groups
                for squeezed in group.configurations
                for sentence in said(squeezed, briefly=group.several)
            ]
        ),
        rows=tuple(table_row(squeezed, elastic) for squeezed in systems),
        means=tuple(ensembles.table_row(group) for group in several),
        note=(
            "V₀ and K of a supercell are those of its unit cell. ± are standard errors of the "
            "best fit, then the largest distance to another form."
            + (ELASTIC if elastic else "")
            + (ENSEMBLES if several else "")
        ),
        drawings=tuple(drawings_of(groups)),
        numbers={
            "systems": [numbers_of(squeezed) for squeezed in systems],
            "ensembles": [ensembles.numbers_of(group) for group in several],
        },
        records={
            "structure": sorted({k for p in systems for k in (p.rest.start, p.rest.structure)}),
            "relaxation": sorted(relaxations - set(work.lake.missing("relaxation", relaxations))),
        }
        | ({"model": [model]} if model else {}),
        **driver(spec),
    )


ELASTIC = (
    " K of elastic constants: Reuss (the shape of the cell relaxes, as along E(V)) and Voigt (it "
    "does not)."
)
ENSEMBLES = (
    " An ensemble is of systems that differ in the seed of their disorder alone: means over its "
    "configurations that have a K, ± their standard errors; the spread is the standard deviation "
    "of K. Hf, brick, linker: fraction of metal sites with Hf, and of bricks and linkers that are "
    "missing, as the structures have them."
)


def table_row(squeezed: Squeezed, elastic: bool) -> dict[str, str]:
    """One system's row, with a column for K of elastic constants or without."""
    row = {"system": squeezed.rest.name}
    found = squeezed.composition
    row["linkers a brick"] = "" if found is None else f"{found.coordination:.2f}"
    names = ("V₀ (Å³)", "K (GPa)", "K′", *(["K elastic (GPa)"] if elastic else []))
    row |= dict.fromkeys(names, "")
    if squeezed.fits is not None:
        told = squeezed.fits
        volume, modulus = told.volume, told.bulk_modulus
        n = squeezed.system.cells
        row["V₀ (Å³)"] = with_error(volume.value / n, volume.fit_error / n, volume.form_error / n)
        row["K (GPa)"] = with_error(*modulus)
        row["K′"] = with_error(*told.bulk_modulus_derivative)
    if squeezed.tensor is not None and squeezed.tensor.stable:
        k = squeezed.tensor.bulk_modulus
        row["K elastic (GPa)"] = f"{k.reuss:.3g}, {k.voigt:.3g}"
    return row


def said(squeezed: Squeezed, briefly: bool = False) -> list[str]:
    """What one system's relaxations say; briefly: what is amiss alone."""
    name, rest = squeezed.rest.name, squeezed.rest
    if rest.why_not:
        return [f"{name} was not compressed: {rest.why_not}."]
    told = []
    if squeezed.fits is None:
        told.append(f"{name} has no bulk modulus: {squeezed.why_no_fit}.")
    else:
        if not briefly:
            told.append(f"{name}: {squeezed.fits.fits[0].form} misses the points least.")
        told += [
            f"{name}: {form} was refused: {why}." for form, why in squeezed.fits.refused.items()
        ]
    worst = squeezed.worst_gap
    if not briefly or worst is None or abs(worst[1]) >= SAME:
        told.append(_hysteresis(squeezed))
    told += [f"{name}: {failure}." for failure in squeezed.curve.failures]
    if squeezed.why_no_tensor:
        told.append(f"{name}: {squeezed.why_no_tensor}.")
    if squeezed.tensor is not None and not (briefly and squeezed.tensor.stable):
        told.append(_elasticity(name, squeezed.tensor))
    return told


def _hysteresis(squeezed: Squeezed) -> str:
    """Whether the way back found other structures than the way out."""
    name, worst = squeezed.rest.name, squeezed.worst_gap
    if worst is None:
        return f"{name}: no volume converged on both ways."
    volume, gap = worst
    if abs(gap) < SAME:
        return f"{name}: no hysteresis: out and back agree to {SAME:g} meV/atom."
    return (
        f"{name}: hysteresis: on the way back the energy differs by up to {gap:+.2g} meV/atom, at "
        f"{volume:.0f} Å³."
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


def drawings_of(groups: Sequence[Ensemble]) -> list[Drawing]:
    """Figure 9, the modulus against disorder, and elastic constants."""
    drawings = []
    curves = {
        group.name: [_curve(c) for c in group.configurations if len(c.curve.volumes)]
        for group in groups
    }
    if any(curves.values()):
        drawings.append(
            Drawing(
                title="Energy and volume",
                caption=(
                    "Energy above the lowest, of a unit cell. Full symbols: on the way out; open "
                    "ones: on the way back. Lines: the equation of state that fits best; thin "
                    "ones: configurations of an ensemble, on the way out."
                ),
                alt="Energy over volume for every system",
                figure=energy_volume(curves),
            )
        )
    moduli = {group.name: _moduli(group) for group in groups}
    if len({linkers for told in moduli.values() for linkers in told.linkers.tolist()}) > 1 or any(
        len(told.moduli) > 1 for told in moduli.values()
    ):
        drawings.append(
            Drawing(
                title="Bulk modulus and disorder",
                caption=(
                    "Bulk modulus against the linkers that are missing, whatever took them; and, "
                    "where ensembles differ in nothing but the size of their domains, against "
                    "that size, from scattered bricks at 0. Faint: every configuration. Bars: mean "
                    "and standard deviation of an ensemble."
                ),
                alt="Bulk modulus over the fraction of linkers that are missing",
                figure=modulus_disorder(moduli, by_domain(groups)),
            )
        )
    tensors = {
        group.name: c.tensor.constants
        for group in groups
        if not group.several
        for c in group.configurations
        if c.tensor is not None
    }
    if tensors:
        drawings.append(
            Drawing(
                title="Elastic constants",
                caption=(
                    "In GPa, in the axes of the cell; engineering shear strains. Those of an "
                    "ensemble's configurations are in the JSON file."
                ),
                alt="A matrix of six by six numbers for every system",
                figure=elastic_matrix(tensors),
            )
        )
    return drawings


def _moduli(group: Ensemble) -> Moduli:
    """Of configurations whose missing linkers can be told."""
    found = [c for c in group.counted if c.composition is not None]
    return Moduli(
        linkers=np.array([c.composition.linker for c in found if c.composition]),
        moduli=np.array([c.fits.bulk_modulus.value for c in found if c.fits]),
    )


def _curve(squeezed: Squeezed) -> Curve:
    n, found = squeezed.system.cells, squeezed.curve
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
    tensor, found = squeezed.tensor, squeezed.composition
    return {
        "system": squeezed.rest.name,
        "unit_cells": squeezed.system.cells,
        "composition": None if found is None else vars(found),
        "why_not": squeezed.why_no_modulus,
        "points": [point._asdict() for point in squeezed.points],
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
