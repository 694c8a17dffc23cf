"""What is claimed of the mechanics: Table 5, Figures 8 and 9, and a model against its teacher.

Every function takes the paper's numbers, and those of our work by the name of its file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flows.reproduction.claims import (
    Claim,
    Found,
    Judged,
    Paper,
    descending,
    not_tested,
    ratio,
    row,
    short,
    told,
)

PAIRS = [f"S_ld-2-{n}" for n in range(1, 8)]
TEACHER, HOT = "here, level of theory itself", "here, P(V) at 300 K"
TOPOLOGIES = ("S_pr", "S_reo", "S_bcu", "S_scu")


class Rigidity(NamedTuple):
    """K in GPa and V0 of a unit cell in Å³, from E(V)."""

    k: float
    v0: float


def moduli(paper: Paper, found: Found) -> Judged:
    """Table 5: K from E(V) at rest and P(V) at 300 K."""
    ours, teacher = at_rest(found["ev"]), at_rest(found.get("truth"))
    k = {name: told.k for name, told in ours.items()}
    pairs = [k[name] for name in PAIRS if name in k]
    pressed = {system["system"]: system for system in found["pv"]["systems"]}
    hot = {n: s["curve"]["k0"] for n, s in pressed.items() if s["curve"]}
    rows = [
        row(
            f"K of {name}, GPa",
            paper["K"].get("S_ld-2" if name in PAIRS else name),
            value,
        )
        | {TEACHER: short(teacher[name].k if name in teacher else None), HOT: short(hot.get(name))}
        for name, value in k.items()
    ]
    rows += [
        row(f"P_max of {name}, GPa", paper["P_max"].get(name), None)
        | {TEACHER: short(None), HOT: _shown_maximum(system)}
        for name, system in pressed.items()
    ]
    ordered: dict[str, float | None] = {
        "S_pr": k.get("S_pr"),
        "S_ld": k.get("S_ld"),
        "stiffest S_ld-2": max(pairs, default=None),
        "softest S_ld-2": min(pairs, default=None),
        "S_reo": k.get("S_reo"),
        "S_bcu": k.get("S_bcu"),
        "S_scu": k.get("S_scu"),
    }
    return Judged(
        rows,
        [
            descending("K falls as disorder grows", ordered, "GPa"),
            ratio("S_scu is softer by far", k.get("S_pr"), k.get("S_scu"), 3.0, "K in GPa"),
            Claim(
                "K depends on where two linkers are missing, not only on how many",
                max(pairs) - min(pairs) > 0.05 * max(pairs) if len(pairs) > 1 else None,
                f"K from {min(pairs):.3g} to {max(pairs):.3g} GPa" if pairs else "none was pressed",
            ),
            descending(
                "Hf in place of Zr makes the framework no stiffer, and hardly softer",
                {"S_pr": k.get("S_pr"), "S_pr-hf": k.get("S_pr-hf")},
                "GPa",
                slack=0.02,
            ),
            _bears(pressed),
            *against_teacher(ours, teacher),
        ],
    )


def pressure_curves(paper: Paper, found: Found) -> Judged:
    """Figure 8."""
    ours, teacher = at_rest(found["ev"]), at_rest(found.get("truth"))
    pressed = {system["system"]: system for system in found["pv"]["systems"]}
    hot = {n: s["curve"]["v0"] for n, s in pressed.items() if s["curve"]}
    by_name = {name: ours.get(name) for name in TOPOLOGIES}
    return Judged(
        rows=[
            row(f"V₀ of {name}, Å³", paper["V0"].get(name), found.v0)
            | {
                TEACHER: short(teacher[name].v0 if name in teacher else None),
                HOT: short(hot.get(name)),
            }
            for name, found in ours.items()
        ],
        claims=[
            descending(
                "V₀ falls in the order pr, reo, bcu, scu",
                {n: found.v0 if found else None for n, found in by_name.items()},
                "Å³",
            ),
            descending(
                "K falls in the same order, though S_bcu keeps more blocks than S_reo",
                {n: found.k if found else None for n, found in by_name.items()},
                "GPa",
            ),
            _bears(pressed),
            *against_teacher(ours, teacher),
        ],
    )


def supercells(paper: Paper, found: Found) -> Judged:
    """Figure 9."""
    ours, teacher = at_rest(found["ev"]), at_rest(found.get("truth"))
    large = sorted(
        (s for s in found["ev"]["systems"] if s["unit_cells"] > 1 and s["fits"]),
        key=lambda system: -system["composition"]["coordination"],
    )
    linkers = {s["system"]: s["composition"]["coordination"] for s in large}
    k = {name: ours[name].k for name in linkers}
    v0 = {name: ours[name].v0 for name in linkers}
    names = list(linkers)
    paper_k = dict(zip(names, (paper["K"]["S_pr_4x4x4"], None, paper["K"]["S_sup"]), strict=False))
    paper_linkers = dict(zip(names, paper["linkers"].values(), strict=False))
    rows = [
        row(f"linkers a brick, {n}", paper_linkers.get(n), value) for n, value in linkers.items()
    ]
    rows += [row(f"K of {name}, GPa", paper_k.get(name), value) for name, value in k.items()]
    rows += [row(f"K of {n}, GPa", paper["K"][n], ours[n].k) for n in TOPOLOGIES if n in ours]
    rows += [row(f"V₀ of {name} a unit cell, Å³", None, value) for name, value in v0.items()]
    return Judged(rows, [*_of_supercells(paper, ours, names), *against_teacher(ours, teacher)])


def _of_supercells(paper: Paper, ours: Mapping[str, Rigidity], names: list[str]) -> Iterator[Claim]:
    softer = "Supercells soften as bricks lose linkers"
    if len(names) < 3:
        yield not_tested(softer, f"{len(names)} supercells have a modulus")
        return
    first, last = ours[names[0]], ours[names[-1]]
    yield descending(softer, {name: ours[name].k for name in names}, "GPa")
    yield ratio(
        f"K drops about {paper['fall']:g}-fold from the pristine to the most disordered",
        first.k,
        last.k,
        2.0,
        "K in GPa",
    )
    yield Claim(
        f"Cells contract, and by less than {paper['contraction']:g} %",
        0 < 1 - last.v0 / first.v0 < paper["contraction"] / 100,
        f"by {100 * (1 - last.v0 / first.v0):.2f} %",
    )
    if "S_pr" in ours:
        yield Claim(
            "A supercell without defects is as stiff as its unit cell",
            abs(first.k / ours["S_pr"].k - 1) < 0.02,
            f"{first.k:.4g} and {ours['S_pr'].k:.4g} GPa",
        )
    yield descending(
        "S_reo lacks more than any supercell, and resists compression more than the softest",
        {"S_reo": ours["S_reo"].k if "S_reo" in ours else None, names[-1]: last.k},
        "GPa",
    )
    yield descending(
        "Of unit cells, K falls in the order pr, reo, bcu, scu",
        {name: ours[name].k if name in ours else None for name in TOPOLOGIES},
        "GPa",
    )


def at_rest(numbers: Mapping[str, Any] | None) -> dict[str, Rigidity]:
    """K and V0 of every system that has an equation of state."""
    return {
        s["system"]: Rigidity(
            s["fits"][0]["bulk_modulus"], s["fits"][0]["volume"] / s["unit_cells"]
        )
        for s in (numbers["systems"] if numbers else ())
        if s["fits"]
    }


def against_teacher(
    ours: Mapping[str, Rigidity], teacher: Mapping[str, Rigidity]
) -> Iterator[Claim]:
    """How far a model is from its level of theory, where that was pressed itself."""
    for name in teacher:
        if name in ours:
            dk, dv = (100 * (a / b - 1) for a, b in zip(ours[name], teacher[name], strict=True))
            yield Claim(
                f"The model has the K and V₀ of its teacher, for {name}, to 15 % and 1 %",
                abs(dk) < 15 and abs(dv) < 1,
                f"K {ours[name].k:.3g} and {teacher[name].k:.3g} GPa ({dk:+.1f} %), V₀ "
                f"{ours[name].v0:.0f} and {teacher[name].v0:.0f} Å³ ({dv:+.2f} %)",
            )
    both = {n: told.k for n, told in teacher.items()}
    if len(both) > 1:
        order = sorted(both, key=lambda name: -both[name])
        yield descending(
            "The model ranks systems by K as its teacher does",
            {name: ours[name].k if name in ours else None for name in order},
            f"GPa (teacher: {told(both)})",
        )


def _shown_maximum(system: Mapping[str, Any]) -> str:
    seen, borne = _maximum(system), _borne(system)
    return f">{borne:.2g}" if seen is None and borne is not None else short(seen)


def _maximum(system: Mapping[str, Any]) -> float | None:
    """P_max in GPa; None where none was seen."""
    return system["curve"]["p_max"] if system["curve"] else None


def _borne(system: Mapping[str, Any]) -> float | None:
    """The largest pressure in GPa of a walk that counts."""
    return max((p["pressure (GPa)"] for p in system["points"] if p["counts"]), default=None)


def _bears(pressed: Mapping[str, Mapping[str, Any]]) -> Claim:
    return descending(
        "S_pr bears a larger pressure than S_scu does",
        {
            name: _maximum(system) or _borne(system)
            for name in ("S_pr", "S_scu")
            if (system := pressed.get(name))
        },
        "GPa, P_max or the largest that a walk bore",
    )
